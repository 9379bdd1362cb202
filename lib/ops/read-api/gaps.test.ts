import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { FLAG } from '../../flow/reading.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import { type GapsAnswer, type GapsPlace, gaps } from './gaps.ts';

const START_AT = Date.UTC(2026, 0, 15, 23, 50);
const HOUR_MS = 3_600_000;

/** Readings in bursts, with distances from seconds to hours between them. */
const times = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 90_000 }), fc.integer({ min: 1, max: 5 * HOUR_MS })), {
    maxLength: 50,
  })
  .map((distances) => {
    let at = START_AT;
    return distances.map((ms) => {
      at += ms;
      return at;
    });
  });

/** What anybody would see who walks over all readings. */
function plainly(readings: readonly number[], fromAt: number, untilAt: number, limitMs: number) {
  const inside = readings.filter((at) => at >= fromAt && at < untilAt);
  const edges = [fromAt, ...inside, untilAt];
  return edges.slice(1).flatMap((at, i) => {
    const before = edges[i] ?? fromAt;
    if (at - before <= limitMs) return [];
    return [{ fromAt: before, untilAt: at, begunBefore: i === 0, goesOn: i === inside.length }];
  });
}

it.each([10_000, 60_000, 75_000, HOUR_MS, 4 * HOUR_MS])(
  'gaps of more than %d ms are those that a walk over all readings finds, with or without rollups',
  async (longerThanMs) => {
    const rig = createStoreRig();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        times,
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: -HOUR_MS, max: 10 * HOUR_MS }),
        fc.integer({ min: 1, max: 50 * HOUR_MS }),
        async (all, settled, fromMs, lengthMs) => {
          runs += 1;
          const series = { ...ROOF, sensor: `run-${runs}` };
          // One far away, so that the series is there; every third one suspect, which is a reading all the same.
          await rig.put(series, [
            [0, 1],
            ...all.slice(0, settled).map((at, i) => [at, 1, i % 3 === 0 ? FLAG.suspect : 0] as const),
          ]);
          await rig.settle();
          if (settled < all.length)
            await rig.put(
              series,
              all.slice(settled).map((at) => [at, 1]),
            );
          const fromAt = START_AT + fromMs;
          const untilAt = fromAt + lengthMs;

          const answer = await gaps(rig.ask, { sensor: series.sensor, fromAt, untilAt, longerThanMs });

          expect(answer.series[0]?.gaps).toEqual(plainly(all, fromAt, untilAt, longerThanMs));
        },
      ),
      { numRuns: 15 },
    );
  },
);

it('pages that are put together are the whole answer, wherever they end', async () => {
  const rig = createStoreRig();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(times, { minLength: 1, maxLength: 3 }),
      fc.record({ rows: fc.integer({ min: 1, max: 20 }), gaps: fc.integer({ min: 1, max: 5 }) }),
      fc.constantFrom(30_000, HOUR_MS),
      async (all, most, longerThanMs) => {
        runs += 1;
        const metric = `run-${runs}`;
        for (const [i, one] of all.entries())
          await rig.put({ ...ROOF, metric, sensor: `s${9 - i}` }, [
            [0, 1],
            ...one.map((at) => [at, 1] as const),
          ]);
        const question = { metric, fromAt: START_AT, untilAt: START_AT + 100 * HOUR_MS, longerThanMs };

        const found = new Map<string, unknown[]>();
        let after: GapsPlace | undefined;
        do {
          const page: GapsAnswer = await gaps(rig.ask, { ...question, after }, most);
          for (const { sensor, gaps: some } of page.series)
            found.set(sensor, [...(found.get(sensor) ?? []), ...some]);
          // Microtasks alone would keep the test's own time limit from ever coming.
          await new Promise((resolve) => setImmediate(resolve));
          after = page.next;
        } while (after !== undefined);

        const { fromAt, untilAt } = question;
        for (const [i, one] of all.entries())
          expect(found.get(`s${9 - i}`)).toEqual(plainly(one, fromAt, untilAt, longerThanMs));
      },
    ),
    { numRuns: 15 },
  );
});

it('a page with room for one row goes on all the same, and the last page ends it', async () => {
  const rig = createStoreRig();
  await rig.put(ROOF, [
    [0, 1],
    [START_AT, 1],
    [START_AT + 1_000, 1],
  ]);
  const question = { fromAt: START_AT, untilAt: START_AT + HOUR_MS, longerThanMs: 60_000 };

  const first = await gaps(rig.ask, question, { rows: 1, gaps: 5 });
  const second = await gaps(rig.ask, { ...question, after: first.next }, { rows: 1, gaps: 5 });

  expect(first.next).toMatchObject({ coveredAt: START_AT + 1_000, isReading: true });
  expect(second.next).toBeUndefined();
  expect(second.series[0]?.gaps).toMatchObject([{ fromAt: START_AT + 1_000, untilAt: START_AT + HOUR_MS }]);
});

it('over a long time a gap is, unless somebody says otherwise, what shows in rollups, and few rows are read', async () => {
  const rig = createStoreRig();
  const DAY_MS = 24 * HOUR_MS;
  const isMissing = (day: number) => day >= 40 && day < 43;
  // Every quarter of an hour for a hundred days, but for three of them.
  for (let day = 0; day < 100; day += 1) {
    if (isMissing(day)) continue;
    const at = START_AT + day * DAY_MS;
    await rig.put(
      ROOF,
      Array.from({ length: 96 }, (_, i) => [at + i * 900_000, 1] as const),
    );
  }
  await rig.settle();
  let rows = 0;
  const ask: AskStore = async (name, ...args) => {
    const answer = await rig.ask(name, ...args);
    if (typeof answer === 'object' && 'rows' in answer) rows += answer.rows.length;
    if (typeof answer === 'object' && 'summaries' in answer) rows += answer.summaries.length;
    return answer;
  };
  const question = { sensor: ROOF.sensor, fromAt: START_AT, untilAt: START_AT + 100 * DAY_MS };

  const short = await gaps(rig.ask, { ...question, untilAt: START_AT + DAY_MS });
  const long = await gaps(ask, question, { rows: 3_000, gaps: 10 });

  expect(short.series[0]).toMatchObject({ longerThanMs: 2.5 * 900_000, gaps: [] });
  expect(long).toMatchObject({ series: [{ longerThanMs: HOUR_MS }] });
  expect(long.next).toBeUndefined();
  const lastBefore = START_AT + 40 * DAY_MS - 900_000;
  expect(long.series[0]?.gaps).toEqual([
    { fromAt: lastBefore, untilAt: START_AT + 43 * DAY_MS, begunBefore: false, goesOn: false },
  ]);
  expect(rows).toBeLessThan(3_000);
});
