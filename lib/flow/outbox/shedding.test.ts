/**
 * Goal: an outbox that is full, and cannot be thinned, gives up its oldest readings and never one without a name
 * for it. Method: real files with a bound of half a MiB, so that a few thousand rows meet it, and readings so far
 * apart that no two of a series share ten minutes.
 */

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { ALL, rawOutbox, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import type { Reading } from '../reading.ts';
import {
  countOf,
  difference,
  intersection,
  normalized,
  type SeqRange,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

const BYTES_MAX = 512 * 1_024;
const SPARSE_MS = 1_200_000;
const bounds = { bytesMax: BYTES_MAX, diskReserveBytes: 0 };

/** One each twenty minutes. */
function sparseReadings(n: number, from = 0): Reading[] {
  return someReadings(n, from).map((one, i) => ({ ...one, at: (from + i) * SPARSE_MS }));
}

/** Pages in use and the ledger, as another program would see them. */
function look(file: string) {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
  const usedBytes = (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  const gone = database
    .prepare<[], { destination: string | null; lo: number; hi: number; cause: string }>(
      'SELECT destination, lo, hi, cause FROM gone',
    )
    .all();
  database.close();
  const goneFor = (name: string): SeqRanges =>
    normalized(
      gone
        .filter(({ destination }) => destination === null || destination === name)
        .map(({ lo, hi }): SeqRange => [lo, hi]),
    );
  return { usedBytes, gone, goneFor };
}

function waitingFor(outbox: Outbox, destination: string): SeqRanges {
  let all: SeqRanges = [];
  for (;;) {
    const batch = outbox.batch(destination, { ...ALL, except: all });
    if (batch === undefined) return all;
    all = union(all, batch.seqs);
  }
}

describe('a full outbox', () => {
  it('gives up the oldest readings, names each in the ledger, and stays within its bound', () => {
    const { outbox, file, world } = tempOutbox({ bounds });

    for (let i = 0; i < 30; i += 1) {
      outbox.append(sparseReadings(1_000, i * 1_000));
      expect(look(file).usedBytes).toBeLessThanOrEqual(BYTES_MAX);
    }

    const { gone, goneFor } = look(file);
    const shed = goneFor('local');
    const waiting = waitingFor(outbox, 'local');
    expect(gone.every(({ cause }) => cause === 'shed')).toBe(true);
    expect(shed).toHaveLength(1);
    expect(shed[0]?.[0]).toBe(1);
    expect(union(shed, waiting)).toEqual([[1, 30_000]]);
    expect(intersection(shed, waiting)).toEqual([]);
    const told = normalized(world.recorder.of('reading.shed').map(({ lo, hi }): SeqRange => [lo, hi]));
    expect(told).toEqual(shed);
    expect(countOf(waiting)).toBeGreaterThan(3_000);
  });

  it('without a bound it would have grown beyond it', () => {
    const { outbox, file } = tempOutbox();

    for (let i = 0; i < 30; i += 1) outbox.append(sparseReadings(1_000, i * 1_000));

    expect(look(file).usedBytes).toBeGreaterThan(BYTES_MAX);
    expect(look(file).gone).toEqual([]);
  });

  it('gives up nothing that is being delivered fast enough', () => {
    const { outbox, file } = tempOutbox({ bounds });

    for (let i = 0; i < 30; i += 1) {
      const { stream, lo, hi } = outbox.append(sparseReadings(1_000, i * 1_000));
      outbox.acknowledge('local', stream, [[lo, hi]]);
    }

    expect(look(file).gone).toEqual([]);
  });

  it('counts as given up only for the destination that does not have it', () => {
    const { outbox, file } = tempOutbox({ bounds, destinations: ['local', 'remote'] });

    for (let i = 0; i < 15; i += 1) {
      const { stream, lo, hi } = outbox.append(sparseReadings(1_000, i * 1_000));
      outbox.acknowledge('local', stream, [[lo, hi]]);
    }

    expect(look(file).goneFor('local')).toEqual([]);
    expect(look(file).goneFor('remote')).toHaveLength(1);
  });

  it('does not grow into the room that the disk must keep, once it has some MiB', () => {
    const { outbox, file, world } = tempOutbox({
      bounds: { bytesMax: 1_024 ** 3, diskReserveBytes: Number.MAX_SAFE_INTEGER },
      synchronous: 'NORMAL',
    });

    for (let i = 0; i < 100; i += 1) outbox.append(sparseReadings(1_500, i * 1_500));

    const { usedBytes, goneFor } = look(file);
    expect(usedBytes).toBeGreaterThan(4 * 1_048_576 - 200_000);
    expect(usedBytes).toBeLessThan(4.5 * 1_048_576);
    expect(new Set(world.recorder.of('reading.shed').map(({ cause }) => cause))).toEqual(
      new Set(['disk_reserve']),
    );
    expect(countOf(goneFor('local')) + outbox.backlog('local').rows).toBe(150_000);
  });

  it('a failed append gives up nothing', () => {
    const { outbox, file, world } = tempOutbox({ bounds });
    let i = 0;
    while (world.recorder.of('reading.shed').length === 0) outbox.append(sparseReadings(1_000, 1_000 * i++));
    const before = { waiting: waitingFor(outbox, 'local'), gone: look(file).gone };
    const events = world.recorder.of('reading.shed').length;
    const writer = rawOutbox(file);

    // Late in the commit, when all of it has been noted in memory.
    writer.exec("CREATE TRIGGER broken BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, 'no trim'); END");
    expect(() => outbox.append(sparseReadings(1_000, 1_000 * i))).toThrow(/no trim/);
    writer.exec('DROP TRIGGER broken');

    expect({ waiting: waitingFor(outbox, 'local'), gone: look(file).gone }).toEqual(before);
    expect(world.recorder.of('reading.shed')).toHaveLength(events);
  });
});

type Step =
  | { readonly do: 'append'; readonly rows: number }
  | { readonly do: 'deliver'; readonly destination: string; readonly order: 'oldest' | 'newest' }
  | { readonly do: 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append'), rows: fc.integer({ min: 500, max: 800 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('deliver'),
      destination: fc.constantFrom('local', 'remote'),
      order: fc.constantFrom('oldest', 'newest'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash') }) },
);

it('every reading is delivered, waiting or in the ledger after any run of appends, deliveries and crashes', () => {
  const dir = tempDir();
  const destinations = ['local', 'remote'];
  let run = 0;
  let shedRuns = 0;

  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 45, size: 'max' }), (steps) => {
      run += 1;
      const world = createTestWorld();
      let life = 0;
      let file = join(dir, `outbox-${run}-${life}.db`);
      const open = () =>
        openOutbox({ file, gateway: 'g', destinations, world, bootId: 'b', bounds, synchronous: 'NORMAL' });
      let outbox = open();
      let accepted = 0;
      /** By destination; a crash may forget some, and then they only wait again. */
      const delivered: Record<string, SeqRanges> = { local: [], remote: [] };

      for (const one of steps) {
        if (one.do === 'append') {
          accepted = outbox.append(sparseReadings(one.rows, accepted)).hi;
        } else if (one.do === 'deliver') {
          const batch = outbox.batch(one.destination, { ...ALL, order: one.order });
          if (batch === undefined) continue;
          outbox.acknowledge(one.destination, batch.stream, batch.seqs);
          delivered[one.destination] = union(delivered[one.destination] ?? [], batch.seqs);
        } else {
          life += 1;
          const next = join(dir, `outbox-${run}-${life}.db`);
          for (const suffix of ['', '-wal']) {
            if (existsSync(file + suffix)) copyFileSync(file + suffix, next + suffix);
          }
          outbox.close();
          file = next;
          outbox = open();
        }
      }

      const { usedBytes, gone, goneFor } = look(file);
      if (gone.length > 0) shedRuns += 1;
      expect(usedBytes).toBeLessThanOrEqual(BYTES_MAX);
      for (const name of destinations) {
        const named = union(union(delivered[name] ?? [], waitingFor(outbox, name)), goneFor(name));
        expect(difference(accepted === 0 ? [] : [[1, accepted]], named)).toEqual([]);
        expect(intersection(waitingFor(outbox, name), goneFor(name))).toEqual([]);
      }
      outbox.close();
    }),
    { numRuns: 8 },
  );

  expect(shedRuns).toBeGreaterThan(0);
});
