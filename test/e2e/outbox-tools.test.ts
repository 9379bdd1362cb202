/** The operator's tools on a gateway at work: hold, look, export, back up and redrive while both programs run. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Line, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended } from '../support/gateway.ts';
import { someReadings, tempOutbox } from '../support/temp-outbox.ts';

test('a held backlog can be looked at, exported and backed up, and a dead letter sent again, while the reader works', async () => {
  const gateway = await createGateway();
  const before = tempOutbox({ file: join(gateway.dir, 'outbox.db') });
  const { stream } = before.outbox.append(someReadings(20));
  before.outbox.bury('local', stream, [{ seq: 7, code: 'refused', message: 'not today' }]);
  before.outbox.acknowledge('local', stream, [[1, 20]]);
  before.outbox.close();
  const sensorctl = async (args: string) => {
    const program = startProgram('sensorctl', { args: [...args.split(' '), '--json'], env: gateway.env });
    const { code } = await program.exited;
    if (code !== 0) throw new Error(program.lastWords());
    return program.lines as readonly Line[];
  };
  const api = await gateway.startApi();
  const reader = await gateway.startReader();

  await sensorctl('breaker hold');
  await reader.count(isAppended, 4);
  const [stat] = await sensorctl('outbox stat');
  const peeked = await sensorctl('outbox peek --limit 3');
  const exported = await sensorctl('outbox export');
  const [backup] = await sensorctl('backup create');
  const [redriven] = await sensorctl('dead redrive --all');
  await sensorctl('breaker release');
  // A batch that only tells what will never come may be first.
  await api.line(
    (line) => line.event === 'batch.ingested' && line.stream === stream && Number(line.stored) > 0,
  );
  reader.kill('SIGTERM');
  await reader.exited;

  expect(stat).toMatchObject({ dead_letters: 1 });
  expect(Number(stat?.rows)).toBeGreaterThan(0);
  expect(peeked).toHaveLength(3);
  expect(exported.map((line) => line.seq)).toEqual(expect.arrayContaining(peeked.map((line) => line.seq)));
  expect(backup?.created).toHaveLength(2);
  expect(redriven).toMatchObject({ redriven: 1, reader_running: true });
  const stored = (await gateway.stored()).filter((one) => one.stream === stream);
  expect(stored.map(({ seq, value }) => [seq, value])).toEqual([[7, someReadings(7).at(-1)?.value]]);
});
