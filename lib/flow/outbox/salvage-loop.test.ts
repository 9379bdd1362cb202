import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import {
  crashed,
  offered,
  rawOutbox,
  someReadings,
  successorOutbox,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { quarantined } from '../../base/quarantine-shelf.ts';
import type { Adoption } from './adoption.ts';
import { createSalvageLoop } from './salvage-loop.ts';

const pulse = { promise: () => {}, release: () => {} };

interface StartOptions {
  readonly world?: ReturnType<typeof createTestWorld>;
  /** Throws in the place of the outbox. */
  readonly refuse?: (adoption: Adoption) => void;
}

function startOn(
  file: string,
  { world = createTestWorld({ seed: 7 }), refuse = () => {} }: StartOptions = {},
) {
  const outbox = successorOutbox(file, world);
  let nudges = 0;
  const onSaved = () => {
    nudges += 1;
  };
  const loop = createSalvageLoop({
    file,
    destinations: ['local'],
    outbox: {
      adopt(adoption) {
        refuse(adoption);
        outbox.adopt(adoption);
      },
      restore: outbox.restore,
    },
    world,
    pulse,
    bounds: { bytesMax: 1e9, diskReserveBytes: 0 },
    onSaved,
  });
  const run = loop.run();
  onTestFinished(async () => {
    loop.stop();
    await world.clock.advance(0);
    await run;
  });
  return { outbox, world, nudges: () => nudges };
}

/** A damaged outbox with seven rows. */
function damaged() {
  const { outbox: before, file: live } = tempOutbox();
  const { stream } = before.append(someReadings(7));
  const file = crashed(live);
  // The log alone would be enough for SQLite, as long as its header holds.
  writeFileSync(file, 'nonsense');
  const log = readFileSync(`${file}-wal`);
  writeFileSync(`${file}-wal`, Buffer.concat([Buffer.alloc(16), log.subarray(16)]));
  return { file, stream };
}

it('rows of a damaged file wait for delivery again a moment after the start, and only once', async () => {
  const { file, stream } = damaged();

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
  const second = startOn(file, { world: createTestWorld({ seed: 8 }) });
  await second.world.clock.advance(10_000);

  expect(first.world.recorder.of('outbox.salvaged')).toMatchObject([{ saved: 0, lost: 0 }]);
  expect(second.world.recorder.of('outbox.quarantined')).toEqual([]);
  expect(second.world.recorder.of('outbox.salvaged')).toEqual([]);
});

it('a salvage that fails is tried again by the next start, at most three times, and the file is kept', async () => {
  const { file } = damaged();
  const refuse = () => {
    throw new Error('no');
  };
  for (const attempts of [1, 2, 3]) {
    const { outbox, world } = startOn(file, { world: createTestWorld({ seed: attempts }), refuse });
    await world.clock.advance(3_600_000);
    outbox.close();
    expect(world.recorder.of('outbox.salvage_failed')).toMatchObject([
      { attempts, attemptsMax: 3, message: 'no' },
    ]);
    expect(world.recorder.of('outbox.salvaged')).toEqual([]);
  }

  const { world } = startOn(file, { world: createTestWorld({ seed: 9 }) });
  await world.clock.advance(3_600_000);

  expect(world.recorder.of('outbox.salvaged')).toEqual([]);
  expect(quarantined(file)).toMatchObject([{ state: 'given_up', failure: 'no' }]);
});

it('a salvage that failed once succeeds at the next start, when the cause is gone', async () => {
  const { file } = damaged();
  const first = startOn(file, {
    refuse: () => {
      throw new Error('no');
    },
  });
  await first.world.clock.advance(10_000);
  first.outbox.close();

  const second = startOn(file, { world: createTestWorld({ seed: 8 }) });
  await second.world.clock.advance(10_000);

  expect(second.world.recorder.of('outbox.salvaged')).toMatchObject([{ saved: 7, lost: 0 }]);
  expect(offered(second.outbox)).toEqual([[1, 7]]);
});

it('rows that wait already go on waiting when a salvage begins again, and fails', async () => {
  const { file } = damaged();
  const adoptions: Adoption[] = [];
  const { outbox, world } = startOn(file, { refuse: (adoption) => adoptions.push(adoption) });
  await world.clock.advance(10_000);
  const disk = rawOutbox(file);
  disk.exec("CREATE TRIGGER broken BEFORE INSERT ON readings BEGIN SELECT RAISE(ABORT, 'no room'); END");

  const [first] = adoptions;
  expect(() => first && outbox.adopt(first)).toThrow(/no room/);
  disk.exec('DROP TRIGGER broken');
  outbox.append(someReadings(1));

  expect(offered(outbox)).toContainEqual([1, 7]);
});

it('a disk that does not take the rows is no failure of the salvage: it goes on when the disk does', async () => {
  const { file } = damaged();
  let full = true;
  const { world } = startOn(file, {
    refuse: () => {
      if (full) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    },
  });
  await world.clock.advance(600_000);
  full = false;
  await world.clock.advance(120_000);

  expect(world.recorder.of('outbox.salvage_failed')).toEqual([]);
  expect(world.recorder.of('outbox.salvaged')).toMatchObject([{ saved: 7, lost: 0 }]);
});
