/**
 * Goal: whatever comes, in whatever order, rollups say of the readings in their places what a plain look at all of
 * them says. Method: the store takes batches, and `rollup-audit.ts` works out the same from the rows.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawStore, STORE_AT, storeBatch } from '../../../../test/support/raw-store.ts';
import { expectSameRollups, plainRollups, rollupsIn } from '../../../../test/support/rollup-audit.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import type { BatchRow, Correction, ThinnedTuple } from '../../batch.ts';
import { FLAG } from '../../reading.ts';

/** Small times, so that several readings share a minute, a moment, an hour. */
const offset = fc.oneof(
  fc.integer({ min: 0, max: 600 }).map((s) => s * 1_000),
  fc.integer({ min: 0, max: 72 * 3_600_000 }),
);
const value = fc.oneof(
  fc.integer({ min: -50, max: 50 }).map((n) => n / 4),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const remarks = fc.constantFrom(
  0,
  0,
  0,
  FLAG.suspect,
  FLAG.clockUntrusted,
  FLAG.suspect | FLAG.clockUntrusted,
);

interface Drawn {
  readonly series: number;
  readonly offsetMs: number;
  readonly value: number;
  readonly flags: number;
  readonly thinned: boolean;
}
const drawn: fc.Arbitrary<Drawn> = fc.record({
  series: fc.integer({ min: 0, max: 2 }),
  offsetMs: offset,
  value,
  flags: remarks,
  thinned: fc.boolean(),
});

function rowOf({ series, offsetMs, value, flags, thinned }: Drawn, i: number): BatchRow {
  const at = STORE_AT + offsetMs;
  if (!thinned || i % 3 > 0 || Math.abs(value) > 1e300) return [i + 1, series, at, value, flags];
  const lo = 1_000_000 + 100 * i;
  const detail: ThinnedTuple = [7, value - 2, value + 2, value - 1, value + 1, 50_000, 0, lo, lo + 90];
  return [i + 1, series, at, value, flags | FLAG.thinned, detail];
}

describe('rollups', () => {
  it('are what a plain look at the readings says, late, repeated, thinned, suspect and corrected ones included', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawn, { minLength: 1, maxLength: 400 }),
        sizes,
        fc.boolean(),
        async (all, lengths, correct) => {
          const { store, raw, settle } = rawStore();
          const rows = all.map(rowOf);
          let from = 0;
          for (let turn = 0; from < rows.length; turn += 1) {
            const length = lengths[turn % lengths.length] ?? 1;
            // A few that came before come again.
            const part = rows.slice(Math.max(0, from - 5), from + length);
            await store.ingest([storeBatch(part)]);
            from += length;
            if (turn % 2 === 0) settle();
          }
          settle();
          const correction: Correction = [1, rows.length, 7_200_000, 0, STORE_AT + 36 * 3_600_000];
          if (correct) await store.ingest([storeBatch([], [correction])]);

          expectSameRollups(rollupsIn(raw), plainRollups(raw));
        },
      ),
      { numRuns: 40 },
    );
  });

  const large = fc.record({
    rows: fc.integer({ min: 1, max: 500 }),
    fromMs: fc.integer({ min: 0, max: 90 * 60_000 }),
    stepMs: fc.integer({ min: 0, max: 15_000 }),
    backwards: fc.boolean(),
    next: fc.subarray(['settle', 'maintain', 'correct'] as const),
  });

  it('are at each moment what a look at all readings says of which the store does not say that they follow', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(large, { minLength: 1, maxLength: 8 }), async (batches) => {
        const world = createTestWorld();
        const { store, raw, settle } = rawStore({ world });
        let seq = 0;
        for (const { rows, fromMs, stepMs, backwards, next } of batches) {
          const batch = Array.from({ length: rows }, (_, i): BatchRow => {
            seq += 1;
            const at = STORE_AT + fromMs + stepMs * (backwards ? rows - i : i);
            const flags = i % 29 === 0 ? FLAG.suspect : i % 31 === 0 ? FLAG.clockUntrusted : 0;
            return [seq, i % 3, at, (i % 40) / 8, flags];
          });
          await store.ingest([storeBatch(batch)]);
          if (next.includes('settle')) settle();
          if (next.includes('correct'))
            await store.ingest([storeBatch([], [[1, seq, 3_600_000, 0, STORE_AT + 36 * 3_600_000]])]);
          expectSameRollups(rollupsIn(raw), plainRollups(raw));
          if (!next.includes('maintain')) continue;
          await world.clock.advance(60_000);
          await store.maintain();
          expectSameRollups(rollupsIn(raw), plainRollups(raw));
        }

        await world.clock.advance(60_000);
        while (await store.maintain());

        expect(raw.prepare('SELECT count(*) FROM unrolled').pluck().get()).toBe(0);
        expectSameRollups(rollupsIn(raw), plainRollups(raw));
      }),
      { numRuns: 30 },
    );
  });

  it('are made anew without the readings of which they are still to be told', async () => {
    const { store, raw, settle } = rawStore();
    const backlog = Array.from(
      { length: 300 },
      (_, i): BatchRow => [i + 1, 0, STORE_AT + i * 10_000, 1, FLAG.clockUntrusted],
    );
    await store.ingest([storeBatch(backlog)]);
    // In one minute with the last of them, and behind them.
    const seconds = 299 * 10;
    await store.ingest([
      storeBatch([
        [301, 0, STORE_AT + seconds * 1_000 + 1, 5, FLAG.clockUntrusted],
        [302, 0, STORE_AT + seconds * 1_000 + 2, 6, FLAG.clockUntrusted],
      ]),
    ]);
    settle();

    await store.ingest([storeBatch([], [[301, 301, 3_600_000, 0, STORE_AT + 36 * 3_600_000]])]);

    expect(rollupsIn(raw).filter(({ level }) => level === 0)).toMatchObject([
      { flags: FLAG.clockUntrusted, count: 1, min: 6 },
      { flags: 0, count: 1, min: 5 },
    ]);
    expectSameRollups(rollupsIn(raw), plainRollups(raw));
  });

  it('of a backlog follow when it is through, and in steps', async () => {
    const world = createTestWorld();
    const { store, raw } = rawStore({ world });
    const unrolled = raw.prepare<[], number>('SELECT count(*) FROM unrolled').pluck();
    const batch = (from: number) =>
      storeBatch(
        Array.from(
          { length: 4_000 },
          (_, i): BatchRow => [from + i, i % 3, STORE_AT + (from + i) * 3_000, 1],
        ),
      );

    await store.ingest([batch(1)]);
    await store.ingest([batch(4_001)]);
    await store.maintain();
    expect(rollupsIn(raw)).toEqual([]);
    expect(unrolled.get()).toBe(3);

    await world.clock.advance(2_001);
    await store.maintain();
    expect(unrolled.get()).toBe(2);
    expectSameRollups(rollupsIn(raw), plainRollups(raw));
  });

  it('of a backlog that never ends follow after ten minutes all the same', async () => {
    const world = createTestWorld();
    const { store, raw } = rawStore({ world });
    for (let from = 1; world.clock.monotonicMs() <= 600_000; from += 600) {
      const rows = Array.from(
        { length: 600 },
        (_, i): BatchRow => [from + i, 0, STORE_AT + (from + i) * 3_000, 1],
      );
      await store.ingest([storeBatch(rows)]);
      await store.maintain();
      expect(rollupsIn(raw)).toEqual([]);
      await world.clock.advance(2_000);
    }

    await store.maintain();

    expect(rollupsIn(raw)).not.toEqual([]);
  });

  it('would be found out if they missed a reading (the twin of the test above)', async () => {
    const { store, raw, settle } = rawStore();
    await store.ingest([storeBatch([[1, 0, STORE_AT, 1]])]);
    settle();

    raw.exec('INSERT INTO readings SELECT series, at + 1, stream, seq, value, flags FROM readings');

    expect(() => expectSameRollups(rollupsIn(raw), plainRollups(raw))).toThrow();
  });

  it('keep what was suspect, or had an untrusted time, apart from what was not', async () => {
    const { store, raw, settle } = rawStore();
    await store.ingest([
      storeBatch([
        [1, 0, STORE_AT, 20],
        [2, 0, STORE_AT + 1, 9_000, FLAG.suspect],
        [3, 0, STORE_AT + 2, 22],
        [4, 0, STORE_AT + 3, 21, FLAG.clockUntrusted],
      ]),
    ]);
    settle();

    const minutes = rollupsIn(raw).filter(({ level }) => level === 0);

    expect(minutes.map(({ flags, count, mean, max }) => ({ flags, count, mean, max }))).toEqual([
      { flags: 0, count: 2, mean: 21, max: 22 },
      { flags: FLAG.clockUntrusted, count: 1, mean: 21, max: 21 },
      { flags: FLAG.suspect, count: 1, mean: 9_000, max: 9_000 },
    ]);
  });

  it('have a mean of values whose sum no number can hold', async () => {
    const { store, raw, settle } = rawStore();
    const huge = Number.MAX_VALUE;
    await store.ingest([
      storeBatch([
        [1, 0, STORE_AT, huge],
        [2, 0, STORE_AT + 1, huge],
      ]),
    ]);
    settle();
    await store.ingest([storeBatch([[3, 0, STORE_AT + 2, -huge]])]);
    settle();

    const [minute] = rollupsIn(raw);

    expect(minute).toMatchObject({ count: 3, min: -huge, max: huge });
    expect((minute?.mean ?? 0) / huge).toBeCloseTo(1 / 3);
  });

  it('follow in steps where a store had readings before there were rollups, and count each once', async () => {
    const world = createTestWorld();
    const { store, raw, settle } = rawStore({ world });
    const rows = Array.from(
      { length: 12_000 },
      (_, i): BatchRow => [i + 1, i % 2, STORE_AT + Math.floor(i / 7) * 5_000, i % 100],
    );
    for (let from = 0; from < rows.length; from += 4_000)
      await store.ingest([storeBatch(rows.slice(from, from + 4_000))]);
    await world.clock.advance(60_000);
    raw.exec(
      `DELETE FROM rollups; INSERT OR REPLACE INTO unrolled SELECT id, 0, ${Number.MAX_SAFE_INTEGER} FROM series`,
    );

    let steps = 0;
    for (let seq = 20_000; await store.maintain(); seq += 1) {
      steps += 1;
      // What comes meanwhile, on either side of the point that has been reached.
      await store.ingest([
        storeBatch([
          [seq, 0, STORE_AT + steps, 5],
          [seq + 1_000, 1, STORE_AT + 8_000_000 + steps, 6],
        ]),
      ]);
      settle();
    }

    expect(steps).toBeGreaterThan(3);
    expectSameRollups(rollupsIn(raw), plainRollups(raw));
    expect(raw.prepare('SELECT count(*) FROM unrolled').pluck().get()).toBe(0);
  });
});
