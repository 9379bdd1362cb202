import { expect, test } from 'vitest';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { createOpenedDatabase } from './opened-database.ts';

/** Nobody listens at port 1. */
const databaseNowhere = () =>
  createOpenedDatabase({
    url: 'postgres://nobody@127.0.0.1:1/nowhere',
    program: 'test',
    world: createTestWorld(),
    prepare: async () => {},
    onForget: () => {},
  });
const someWork = (database: ReturnType<typeof databaseNowhere>) =>
  database.work('ingest', 1_000, async () => expect.fail('it is not open'));

test('work over a database that could not be opened is told why', async () => {
  const database = databaseNowhere();
  await expect(database.open()).rejects.toMatchObject({ code: 'store_unreachable' });

  await expect(someWork(database)).rejects.toMatchObject({
    code: 'store_unreachable',
    message: 'not open yet: the database: connect ECONNREFUSED 127.0.0.1:1',
  });
  expect(() => database.ownStream).toThrow('ECONNREFUSED');
});

test('work over a database that nobody has tried to open yet waits for nothing', async () => {
  const database = databaseNowhere();

  await expect(someWork(database)).rejects.toThrow('the database has not been reached yet');
});
