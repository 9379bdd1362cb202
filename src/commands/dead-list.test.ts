import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ControlRequest, createControlSocket } from '../../lib/ops/control-socket.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { offered, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { deadDrop } from './dead-drop.ts';
import { deadList, deadShow } from './dead-list.ts';
import { deadRedrive } from './dead-redrive.ts';

/** Twenty readings, delivered but for 5 and 6, which were refused. The reader has stopped. */
function withDeadLetters() {
  const rig = commandRig();
  const file = join(rig.dataDir, 'outbox.db');
  const { outbox } = tempOutbox({ file });
  const { stream } = outbox.append(someReadings(20));
  const refusal = { code: 'VALUE_IMPOSSIBLE', message: 'colder than\nabsolute zero' };
  outbox.bury('local', stream, [
    { seq: 5, ...refusal },
    { seq: 6, ...refusal },
  ]);
  outbox.acknowledge('local', stream, [[1, 20]]);
  outbox.close();
  return { ...rig, file, stream };
}

test('list says what was refused and why, on one line each', async () => {
  const rig = withDeadLetters();

  const { out, notes } = await rig.run(deadList);
  const { out: json } = await rig.run(deadList, { json: true, limit: '1' });

  expect(out).toHaveLength(2);
  expect(out[0]).toMatch(
    /^ {7}6 .* temperature 20.625 celsius {2}local: VALUE_IMPOSSIBLE, colder than\\nabsolute zero$/,
  );
  expect(notes).toEqual(['2 dead letters']);
  expect(json).toHaveLength(1);
  expect(JSON.parse(json[0] ?? '')).toMatchObject({
    destination: 'local',
    stream: rig.stream,
    seq: 6,
    value: 20.625,
  });
});

test('show tells all about one, and a seq that is none is a usage error', async () => {
  const rig = withDeadLetters();

  const { out } = await rig.run(deadShow, { seq: '5' });

  expect(out.join('\n')).toContain(`seq 5 of stream ${rig.stream}`);
  await expect(rig.run(deadShow, { seq: '7' })).rejects.toMatchObject({ code: 'SGW_USAGE' });
});

test('redrive without a reader puts them back for the next one, and a dry run does not', async () => {
  const rig = withDeadLetters();

  const dry = await rig.run(deadRedrive, { all: true, 'dry-run': true });
  const real = await rig.run(deadRedrive, { all: true });

  expect(dry.out).toEqual(['local: 2 dead letters would be sent once more']);
  expect(real.out).toEqual([
    'local: 2 dead letters are sent once more (the reader is not running; it will find them)',
  ]);
  const { outbox } = tempOutbox({ file: rig.file });
  expect(offered(outbox)).toEqual([[5, 6]]);
  expect(outbox.deadLetters(9)).toEqual([]);
});

test('redrive is asked of the running reader, again and again until it has done them all', async () => {
  const rig = withDeadLetters();
  const asked: ControlRequest[] = [];
  const socket = createControlSocket(join(rig.dataDir, 'sensor-main.sock'), {
    'dead.redrive': (request) => {
      asked.push(request);
      return 1;
    },
  });
  await socket.listen();
  onTestFinished(() => socket.close());

  const { out } = await rig.run(deadRedrive, { all: true, json: true });

  const request = { command: 'dead.redrive', destinations: ['local'], seq: null };
  expect(asked).toEqual([request, request]);
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ redriven: 2, reader_running: true });
});

test('drop says what it would delete, and deletes it only with --yes', async () => {
  const rig = withDeadLetters();

  await expect(rig.run(deadDrop, { all: true })).rejects.toMatchObject({
    code: 'SGW_USAGE',
    message: 'this deletes 2 dead letters of local for good: say --yes if you mean it',
  });
  const kept = await rig.run(deadList, { json: true });
  const { out } = await rig.run(deadDrop, { seq: '5', yes: true });
  const left = await rig.run(deadList, { json: true });

  expect(kept.out).toHaveLength(2);
  expect(out).toEqual(['local: 1 dead letter deleted']);
  expect(left.out.map((line) => JSON.parse(line).seq)).toEqual([6]);
});

test('which ones has to be said: one, or all, and not both', async () => {
  const rig = withDeadLetters();

  for (const options of [{}, { seq: '5', all: true }]) {
    await expect(rig.run(deadRedrive, options)).rejects.toMatchObject({
      message: 'which dead letters? --seq N, or --all',
    });
  }
});

test('a socket that answers something else is said, not believed', async () => {
  const rig = withDeadLetters();
  const socket = createControlSocket(join(rig.dataDir, 'sensor-main.sock'), { 'dead.drop': () => 'yes' });
  await socket.listen();
  onTestFinished(() => socket.close());

  await expect(rig.run(deadDrop, { all: true, yes: true })).rejects.toMatchObject({
    code: 'SGW_PROGRAM_REFUSED',
  });
});
