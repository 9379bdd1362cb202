import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../../test/support/virtual-clock.ts';
import { createConnections } from './connections.ts';

test('work that asks for another transaction after the close is told of the close', async () => {
  const connections = createConnections({
    url: 'postgres://nobody@localhost:1/nowhere',
    program: 'test',
    clock: createVirtualClock(),
  });

  const work = connections.within('upkeep', 1_000, async (session) => {
    await connections.close();
    return session.look(async () => 'a look');
  });

  await expect(work).rejects.toMatchObject({ name: 'StoreFault', code: 'store_closed' });
});
