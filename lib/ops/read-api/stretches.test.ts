import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROLLUP_LEVELS } from '../../flow/write-api/store/rollup.ts';
import type { Held } from '../../flow/write-api/store/store-looks.ts';
import { type Source, sourceFor, stretchesOf, tellable } from './stretches.ts';

const DAY_MS = 86_400_000;
const top = fc.constantFrom<Source>('raw', 0, 1, 2);
const moment = fc.integer({ min: 0, max: 40 * DAY_MS });

const widthOf = (source: Source) => ROLLUP_LEVELS.find(({ level }) => level === source)?.widthMs ?? 1;

it('stretches cover the time without a hole, each on the borders of its source', () => {
  fc.assert(
    fc.property(top, moment, moment, moment, moment, (source, fromAt, untilAt, laterFrom, laterUntil) => {
      const found = stretchesOf({ fromAt, untilAt }, source, { fromAt: laterFrom, untilAt: laterUntil });

      fc.pre(fromAt < untilAt);
      expect(found[0]?.fromAt).toBe(fromAt);
      expect(found.at(-1)?.untilAt).toBe(untilAt);
      for (const [i, one] of found.entries()) {
        expect(one.untilAt).toBeGreaterThan(one.fromAt);
        expect(one.fromAt).toBe(found[i - 1]?.untilAt ?? fromAt);
        expect(one.fromAt % widthOf(one.source)).toBe(0);
        if (one.source === 'raw') continue;
        expect(one.untilAt % widthOf(one.source)).toBe(0);
        // Nothing of it is to be rolled up later.
        expect(one.untilAt <= laterFrom || one.fromAt >= laterUntil || laterFrom >= laterUntil).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('a time that ends before it begins is no stretch', () => {
  expect(stretchesOf({ fromAt: 5, untilAt: 5 }, 2)).toEqual([]);
});

it('a span of years is a handful of stretches', () => {
  const found = stretchesOf({ fromAt: 12_345_678, untilAt: 3_650 * DAY_MS + 12_345_678 }, 2);

  expect(found.map(({ source }) => source)).toEqual(['raw', 0, 1, 2, 1, 0, 'raw']);
});

it.each([
  [10_000, 'raw'],
  [60_000, 0],
  [90_000, 'raw'],
  [900_000, 0],
  [7_200_000, 1],
  [DAY_MS, 2],
  [7 * DAY_MS, 2],
])('stretches of %d ms are made of source %s', (bucketMs, source) => {
  expect(sourceFor(bucketMs)).toBe(source);
});

const held = (rawFromAt: number, ...levelFromAt: number[]): Held => ({
  rawFromAt,
  levelFromAt,
  unrolled: new Map(),
});

it.each([
  ['everything is there', held(0, 0, 0, 0), 90_061_001, 95_000_001, 90_061_001, 95_000_001],
  ['readings are gone', held(10 * DAY_MS, 0, 0, 0), 90_061_001, 95_000_001, 90_060_000, 95_040_000],
  [
    'minutes are gone, too',
    held(10 * DAY_MS, 9 * DAY_MS, 0, 0),
    90_061_001,
    95_000_001,
    90_000_000,
    97_200_000,
  ],
  [
    'the day is all there is',
    held(10 * DAY_MS, 9 * DAY_MS, 8 * DAY_MS, 0),
    90_061_001,
    95_000_001,
    DAY_MS,
    2 * DAY_MS,
  ],
  [
    'nothing is left before',
    held(10 * DAY_MS, 9 * DAY_MS, 8 * DAY_MS, 7 * DAY_MS),
    90_061_001,
    8 * DAY_MS,
    7 * DAY_MS,
    8 * DAY_MS,
  ],
  [
    'it begins where days are left and ends where readings are',
    held(10 * DAY_MS, 9 * DAY_MS, 8 * DAY_MS, 0),
    90_061_001,
    11 * DAY_MS + 1,
    DAY_MS,
    11 * DAY_MS + 1,
  ],
])('where %s, the time that can be told of is', (_what, is, fromAt, untilAt, tellFrom, tellUntil) => {
  expect(tellable({ fromAt, untilAt }, is)).toEqual({ fromAt: tellFrom, untilAt: tellUntil });
});
