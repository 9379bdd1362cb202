import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noteQuarantined, noteSalvaged } from '../../lib/base/quarantine-shelf.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { outboxCompact } from './outbox-compact.ts';
import { outboxExport } from './outbox-export.ts';
import { outboxPeek } from './outbox-peek.ts';
import { outboxStat } from './outbox-stat.ts';

/** So many readings, ten a second, of which the first five are delivered; the reader still has them open. */
function withBacklog(rows: number) {
  const rig = commandRig();
  const made = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  const { stream } = made.outbox.append(someReadings(rows));
  made.outbox.acknowledge('local', stream, [[1, 5]]);
  made.outbox.flush();
  return { ...rig, ...made, stream };
}

test('stat says what waits, how fast it grows, how long it lasts and how long a drain takes', async () => {
  const rig = withBacklog(20_005);

  const { out } = await rig.run(outboxStat);
  const { out: json } = await rig.run(outboxStat, { json: true });

  expect(out[0]).toBe('20,000 rows, 0 dead letters, 1 stream');
  expect(out.join('\n')).toMatch(/rate: 3[56],\d{3} readings an hour/);
  expect(out.join('\n')).toContain('to local: 20,000 readings waiting');
  expect(out.at(-1)).toMatch(
    /^forecast: the outbox lasts \d+ (years|d|h) at this rate, unthinned for \d+ (d|h); draining it takes 10 s$/,
  );
  const said = JSON.parse(json[0] ?? '');
  expect(said).toMatchObject({
    rows: 20_000,
    drain_s: 10,
    destinations: [{ name: 'local', backlog_rows: 20_000 }],
  });
  expect(said.file_bytes).toBeGreaterThan(500_000);
});

test('peek shows what is sent next, in that order', async () => {
  const rig = withBacklog(30);

  const { out, notes } = await rig.run(outboxPeek, { limit: '3' });
  const { out: json } = await rig.run(outboxPeek, { limit: '1', json: true });

  expect(out).toHaveLength(3);
  expect(out[0]).toMatch(/^ {7}6 {2}.* sensor-2 temperature 20.625 celsius$/);
  expect(notes).toEqual(['3 readings']);
  expect(JSON.parse(json[0] ?? '')).toMatchObject({ stream: rig.stream, seq: 6, sensor: 'sensor-2' });
});

test('export prints every row once, while the reader goes on', async () => {
  const rig = withBacklog(3_005);

  const { out } = await rig.run(outboxExport);

  expect(out.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: 3_000 }, (_, i) => i + 6));
  expect(JSON.parse(out[0] ?? '')).toEqual({
    stream: rig.stream,
    seq: 6,
    sensor: 'sensor-2',
    metric: 'temperature',
    unit: 'celsius',
    at: new Date(1_768_493_375_500).toISOString(),
    value: 20.625,
    flags: 0,
  });
});

test('export into a file leaves it whole, and never overwrites one', async () => {
  const rig = withBacklog(3_005);
  const file = join(rig.dataDir, 'copy.ndjson');

  const { out } = await rig.run(outboxExport, { output: file });

  expect(out).toEqual([`3,000 readings in ${file}`]);
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(3_000);
  expect(existsSync(`${file}.part`)).toBe(false);
  await expect(rig.run(outboxExport, { output: file })).rejects.toMatchObject({ code: 'SGW_USAGE' });
});

test('compact gives the room of a drained outbox back, and a dry run only says how much', async () => {
  const rig = withBacklog(50_000);
  rig.outbox.acknowledge('local', rig.stream, [[1, 50_000]]);
  for (let step = 0; step < 30; step += 1) rig.outbox.flush();
  rig.outbox.close();

  const dry = JSON.parse((await rig.run(outboxCompact, { json: true, 'dry-run': true })).out[0] ?? '');
  const real = JSON.parse((await rig.run(outboxCompact, { json: true })).out[0] ?? '');

  expect(dry.freed_bytes).toBeGreaterThan(100_000);
  expect(real.freed_bytes).toBeGreaterThanOrEqual(dry.freed_bytes);
  expect(real.file_bytes).toBeLessThan(250_000);
});

test('a destination that there is not, and an outbox that there is not, are said', async () => {
  const rig = withBacklog(10);

  await expect(rig.run(outboxPeek, { destination: 'moon' })).rejects.toMatchObject({ code: 'SGW_USAGE' });
  await expect(commandRig().run(outboxCompact)).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
});

test('stat names what lies in quarantine, and how its salvage stands', async () => {
  const rig = withBacklog(6);
  const dir = join(rig.dataDir, 'quarantine', '2026-01-01');
  mkdirSync(dir, { recursive: true });
  noteQuarantined(dir, { reason: 'its header is damaged', at: 0, firstSeq: 9 });
  writeFileSync(join(dir, 'outbox.db'), Buffer.alloc(4_096));

  const { out } = await rig.run(outboxStat);
  noteSalvaged(dir, {});
  const { out: json } = await rig.run(outboxStat, { json: true });

  expect(out.find((line) => line.startsWith('quarantine'))).toMatch(
    /2026-01-01: outbox\.db, 4 KiB from \d+ d ago, its header is damaged; being salvaged$/,
  );
  expect(JSON.parse(json[0] ?? '').quarantine).toMatchObject([{ dir, bytes: 4_096, state: 'salvaged' }]);
});
