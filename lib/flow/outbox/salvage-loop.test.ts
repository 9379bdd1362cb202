import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { crashed, offered, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { openOutboxSafely } from './quarantine.ts';
import { createSalvageLoop } from './salvage-loop.ts';

const pulse = { promise: () => {}, release: () => {} };

function startOn(file: string, world = createTestWorld({ seed: 7 })) {
  const outbox = openOutboxSafely({
    file,
    gateway: 'test-gateway',
    destinations: ['local'],
    bootId: 'boot-2',
    world,
    onDamage: () => {},
  });
  onTestFinished(() => outbox.close());
  let nudges = 0;
  const onSaved = () => {
    nudges += 1;
  };
  const loop = createSalvageLoop({ file, outbox, world, pulse, onSaved });
  const run = loop.run();
  onTestFinished(async () => {
    loop.stop();
    await world.clock.advance(0);
    await run;
  });
  return { outbox, world, nudges: () => nudges };
}

it('rows of a damaged file wait for delivery again a moment after the start, and only once', async () => {
  const { outbox: before, file: live } = tempOutbox();
  const { stream } = before.append(someReadings(7));
  const file = crashed(live);
  // The log alone would be enough for SQLite, as long as its header holds.
  writeFileSync(file, 'nonsense');
  const log = readFileSync(`${file}-wal`);
  writeFileSync(`${file}-wal`, Buffer.concat([Buffer.alloc(16), log.subarray(16)]));

  const { outbox, world, nudges } = startOn(file);
  await world.clock.advance(10_000);

  expect(offered(outbox)).toEqual([[1, 7]]);
  expect(outbox.batch('local', { order: 'oldest', rowsMax: 9, bytesMax: 9_999 })?.stream).toBe(stream);
  expect(world.recorder.of('outbox.salvaged')).toMatchObject([{ saved: 7, lost: 0 }]);
  expect(nudges()).toBe(1);
});

it('a file that holds nothing of ours is looked at once, whatever the number of starts', async () => {
  const file = join(tempDir(), 'outbox.db');
  writeFileSync(file, 'nonsense'.repeat(1_000));

  const first = startOn(file);
  await first.world.clock.advance(10_000);
  first.outbox.close();
  const second = startOn(file, createTestWorld({ seed: 8 }));
  await second.world.clock.advance(10_000);

  expect(first.world.recorder.of('outbox.salvaged')).toMatchObject([{ saved: 0, lost: 0 }]);
  expect(second.world.recorder.of('outbox.quarantined')).toEqual([]);
  expect(second.world.recorder.of('outbox.salvaged')).toEqual([]);
});
