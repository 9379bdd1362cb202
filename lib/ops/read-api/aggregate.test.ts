import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { FLAG } from '../../flow/reading.ts';
import { aggregate } from './aggregate.ts';
import type { BucketRow } from './buckets.ts';

const START_AT = Date.UTC(2026, 0, 15, 23, 50);
const DAY_MS = 86_400_000;

type Given = readonly [at: number, value: number, flags: number];

/** Over three days, dense enough that some share a minute, and an hour. */
const given = fc.array(
  fc.tuple(
    fc
      .oneof(fc.integer({ min: 0, max: 3 * DAY_MS }), fc.integer({ min: 0, max: 300_000 }))
      .map((ms) => START_AT + ms),
    fc.integer({ min: -400, max: 400 }).map((tenths) => tenths / 10),
    fc.constantFrom(0, 0, 0, FLAG.suspect, FLAG.clockUntrusted),
  ),
  { maxLength: 60 },
);

/** What anybody would compute from the readings themselves. */
function plainly(readings: readonly Given[], at: number): BucketRow {
  const suspect = readings.filter(([, , flags]) => (flags & FLAG.suspect) !== 0).length;
  const untrusted = readings.filter(([, , flags]) => (flags & FLAG.clockUntrusted) !== 0).length;
  const good = readings.filter(([, , flags]) => (flags & FLAG.suspect) === 0);
  if (good.length === 0) return [at, 0, null, null, null, null, null, suspect, untrusted];
  const values = good.map(([, value]) => value);
  const inOrder = [...good].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const [first, last] = [inOrder.at(0)?.[1] ?? 0, inOrder.at(-1)?.[1] ?? 0];
  return [at, good.length, mean, Math.min(...values), Math.max(...values), first, last, suspect, untrusted];
}

/** A series of its own for each run of a property, all in one store. */
function createRuns() {
  const rig = createStoreRig();
  let runs = 0;
  return {
    ask: rig.ask,
    /** The first `settled` of them lie in their places, the others as they lie when they have just come. */
    async series(readings: readonly Given[], settled: number): Promise<string> {
      runs += 1;
      const series = { ...ROOF, sensor: `run-${runs}` };
      // One that lies outside of every question, so that there is a series in any case.
      await rig.put(series, [...readings.slice(0, settled), [START_AT - 100 * DAY_MS, 0, 0]]);
      await rig.settle();
      if (settled < readings.length) await rig.put(series, readings.slice(settled));
      return series.sensor;
    },
  };
}

it('a sum over any time is that of its readings, to the millisecond at both ends', async () => {
  const runs = createRuns();
  await fc.assert(
    fc.asyncProperty(
      given,
      fc.integer({ min: -1_000, max: 3 * DAY_MS }),
      fc.integer({ min: 1, max: 3 * DAY_MS }),
      fc.integer({ min: 0, max: 60 }),
      async (readings, fromMs, lengthMs, settled) => {
        const sensor = await runs.series(readings, settled);
        const fromAt = START_AT + fromMs;
        const untilAt = fromAt + lengthMs;

        const { series } = await aggregate(runs.ask, { sensor, fromAt, untilAt });

        const inside = readings.filter(([at]) => at >= fromAt && at < untilAt);
        expectRows(series[0]?.points ?? [], inside.length === 0 ? [] : [plainly(inside, fromAt)]);
      },
    ),
    { numRuns: 50 },
  );
});

it.each([10_000, 60_000, 900_000, 3_600_000, 7_200_000, DAY_MS])(
  'stretches of %d ms have what their readings have',
  async (bucketMs) => {
    const runs = createRuns();
    await fc.assert(
      fc.asyncProperty(given, fc.integer({ min: 0, max: 40_000_000 }), async (readings, fromMs) => {
        const sensor = await runs.series(readings, readings.length);
        const fromAt = START_AT + fromMs;
        const untilAt = fromAt + Math.min(2 * DAY_MS, bucketMs * 5_000);

        const { series } = await aggregate(runs.ask, { sensor, fromAt, untilAt, bucketMs });

        const places = new Map<number, Given[]>();
        for (const one of readings.filter(([at]) => at >= fromAt && at < untilAt)) {
          const at = Math.max(fromAt, Math.floor(one[0] / bucketMs) * bucketMs);
          places.set(at, [...(places.get(at) ?? []), one]);
        }
        const expected = [...places].map(([at, inside]) => plainly(inside, at)).sort((a, b) => a[0] - b[0]);
        expectRows(series[0]?.points ?? [], expected);
      }),
      { numRuns: 25 },
    );
  },
);

it('more points than an answer holds are refused, with the numbers', async () => {
  const rig = createStoreRig();
  await rig.put(ROOF, [[START_AT, 20]]);

  const asked = aggregate(rig.ask, { fromAt: START_AT, untilAt: START_AT + DAY_MS, bucketMs: 1_000 });

  await expect(asked).rejects.toMatchObject({
    code: 'too_many_points',
    message: expect.stringContaining('86401'),
  });
});

it('a series that nobody has is named', async () => {
  const rig = createStoreRig();
  await rig.put(ROOF, [[START_AT, 20]]);

  const asked = aggregate(rig.ask, { fromAt: 0, untilAt: START_AT, sensor: 'cellar' });

  await expect(asked).rejects.toMatchObject({
    code: 'series_unknown',
    message: 'nothing is stored of sensor=cellar',
  });
});

function expectRows(found: readonly BucketRow[], expected: readonly BucketRow[]): void {
  expect(found.map(withoutMean)).toEqual(expected.map(withoutMean));
  for (const [i, row] of found.entries()) {
    if (row[2] !== null) expect(row[2]).toBeCloseTo(expected[i]?.[2] ?? Number.NaN, 9);
  }
}

function withoutMean(row: BucketRow): unknown[] {
  return row.filter((_, i) => i !== 2);
}
