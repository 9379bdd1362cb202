/**
 * Goal: a disk that is full, read-only or out of inodes costs no reading and never stops sampling. Method:
 * the outbox, its ballast and its keeper on real file systems of a few MiB, which are really filled.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Ballast, createBallast } from '../../lib/flow/outbox/ballast.ts';
import { createKeeper, type Keeper } from '../../lib/flow/outbox/keeper.ts';
import { type Outbox, openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { createRamRing } from '../../lib/flow/outbox/ram-ring.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { countOf } from '../../lib/flow/seq-ranges.ts';
import { type DiskKind, noSmallDisk, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { ALL, someReadings } from '../support/temp-outbox.ts';
import { createTestWorld, type TestWorld } from '../support/test-world.ts';

const MIB = 1_048_576;
const reason = noSmallDisk();

interface Rig {
  readonly disk: SmallDisk;
  readonly world: TestWorld;
  readonly ballast: Ballast;
  readonly outbox: Outbox;
  readonly keeper: Keeper;
  /** Samples a round of 50 readings and hands it over. Whether it is on the disk. */
  round(): boolean;
  /** Everything that has been sampled. */
  readonly sampled: Reading[];
  /** What the outbox would deliver, oldest first. */
  delivered(): number[];
}

function openOn(disk: SmallDisk, world: TestWorld, ballast: Ballast): Outbox {
  const outbox = ballast.spendIfFull(() =>
    openOutbox({
      file: join(disk.dir, 'outbox.db'),
      gateway: 'test-gateway',
      destinations: ['local'],
      world,
      bootId: 'boot-1',
    }),
  );
  onTestFinished(() => outbox.close());
  return outbox;
}

function rig(kind: DiskKind, { ballastBytes = 2 * MIB, inodes = 1_000, heldMax = 10_000 } = {}): Rig {
  const disk = smallDisk(kind, { mib: 24, inodes });
  const world = createTestWorld();
  const ballast = createBallast({
    file: join(disk.dir, 'ballast'),
    diskReserveBytes: MIB,
    bytes: ballastBytes,
  });
  const outbox = openOn(disk, world, ballast);
  const keeper = createKeeper({ outbox, ballast, world, ring: createRamRing({ readingsMax: heldMax }) });
  const sampled: Reading[] = [];
  return {
    disk,
    world,
    ballast,
    outbox,
    keeper,
    sampled,
    round() {
      const readings = someReadings(50, sampled.length);
      sampled.push(...readings);
      return keeper.keep(readings);
    },
    delivered() {
      const times: number[] = [];
      for (;;) {
        const batch = outbox.batch('local', ALL);
        if (batch === undefined) return times;
        const rows = JSON.parse(batch.body).readings as [number, number, number][];
        expect(rows).toHaveLength(countOf(batch.seqs));
        times.push(...rows.map(([, , at]) => at));
        outbox.acknowledge('local', batch.stream, batch.seqs);
      }
    },
  };
}

const timesOf = (readings: readonly Reading[]) => readings.map(({ at }) => at);
const several = (times: number, work: () => unknown) => Array.from({ length: times }, work);

describe.skipIf(reason !== undefined)(
  `on a disk that fails${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    describe.each(['tmpfs', 'ext4'] as const)('%s', (kind) => {
      test('a disk that fills up costs no reading: rounds are held in memory until there is room', () => {
        const { disk, world, round, sampled, delivered } = rig(kind, { ballastBytes: 0 });
        several(5, round);

        disk.fill();
        // The log keeps the room that it has, so it takes some rounds until nothing fits any more.
        const during = several(40, round);
        disk.empty();
        const after = round();

        expect(during).toContain(false);
        expect(after).toBe(true);
        expect(world.recorder.of('outbox.released')).toHaveLength(1);
        expect(world.recorder.of('reading.dropped')).toEqual([]);
        expect(delivered()).toEqual(timesOf(sampled));
      });

      test('the ballast is spent first, so a full disk is not noticed for a while, and is made again', () => {
        const { disk, world, ballast, round, sampled, delivered } = rig(kind);
        const file = join(disk.dir, 'ballast');
        several(5, round);
        const before = existsSync(file);

        disk.fill();
        const during = several(40, round);
        const spent = !existsSync(file);
        disk.empty();
        several(5, round);

        expect([before, spent, existsSync(file)]).toEqual([true, true, true]);
        expect(during).not.toContain(false);
        expect(world.recorder.of('outbox.held')).toEqual([]);
        expect(delivered()).toEqual(timesOf(sampled));
        ballast.grow();
      });

      test('a disk that is full before the start is opened all the same, by means of the ballast', () => {
        const { disk, world, ballast, outbox, round, sampled } = rig(kind);
        several(5, round);
        outbox.close();
        disk.fill();

        const again = openOn(disk, world, ballast);

        expect(again.backlog('local').rows).toBe(sampled.length);
        again.append(someReadings(5, sampled.length));
        expect(again.backlog('local').rows).toBe(sampled.length + 5);
      });

      test('rows can be acknowledged and leave while the disk is full, once the ballast is spent', () => {
        const { disk, outbox, round, sampled, delivered } = rig(kind);
        several(20, round);
        disk.fill();

        const taken = several(40, round);
        const all = delivered();
        round();

        expect(taken).not.toContain(false);
        expect(all).toEqual(timesOf(sampled.slice(0, -50)));
        expect(outbox.backlog('local').rows).toBe(50);
      });

      test('no inode left costs nothing: the files of the outbox are there already', () => {
        const { disk, round, sampled, delivered } = rig(kind, { inodes: 64 });
        several(5, round);

        disk.fillInodes();
        const during = several(5, round);
        disk.emptyInodes();

        expect(during).not.toContain(false);
        expect(delivered()).toEqual(timesOf(sampled));
      });
    });

    test('without a ballast a full disk cannot be opened: its twin shows what the ballast is for', () => {
      const { disk, world, ballast, outbox, round } = rig('tmpfs');
      several(5, round);
      outbox.close();
      disk.fill();
      rmSync(join(disk.dir, 'ballast'));
      disk.fill();

      expect(() => openOn(disk, world, ballast)).toThrow(/full|disk I\/O error|cannot use/);
    });

    test('a card that turns read-only stops nothing, and what it did not take is held, then named', () => {
      const { disk, world, ballast, outbox, keeper, round, sampled } = rig('ext4');
      several(5, round);
      const before = sampled.length;

      disk.abort();
      const during = several(3, round);
      keeper.close();
      outbox.close();
      disk.remount();

      expect(during).toEqual([false, false, false]);
      expect(world.recorder.of('outbox.held').at(-1)).toMatchObject({ held: 150 });
      expect(world.recorder.of('reading.dropped')).toMatchObject([
        { readings: 150, oldestAt: sampled[before]?.at, newestAt: sampled.at(-1)?.at },
      ]);
      expect(openOn(disk, world, ballast).backlog('local').rows).toBe(before);
    });

    test('what memory has no place for is named, and the rest is kept', () => {
      const { disk, world, round, sampled, delivered } = rig('tmpfs', { ballastBytes: 0, heldMax: 500 });
      disk.fill();
      const during = several(60, round);
      disk.empty();
      round();

      const dropped = world.recorder.of('reading.dropped').reduce((sum, { readings }) => sum + readings, 0);
      const kept = delivered();
      expect(during.at(-1)).toBe(false);
      expect(dropped).toBeGreaterThan(0);
      expect(kept.length + dropped).toBe(sampled.length);
      expect(kept.slice(-50)).toEqual(timesOf(sampled.slice(-50)));
    });
  },
);
