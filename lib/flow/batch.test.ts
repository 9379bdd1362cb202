import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchRequest, rowFault } from './batch.ts';

/** Values around every edge that a field of a row has, and things that are no numbers at all. */
const anything = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, -1, 0.5, 255, 256, 253_402_300_799_999, 253_402_300_800_000),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
  fc.constantFrom<unknown>(null, undefined, true, '1', '', [], [1], {}, 1n),
  fc.double(),
  fc.maxSafeInteger(),
  fc.nat({ max: 300 }),
);

const BATCH = {
  gateway: 'attic',
  stream: 'teststream',
  series: ['temperature', 'humidity', 'rain'].map((metric) => ({ sensor: 'roof', metric, unit: 'unit' })),
  sources: ['firstsource', 'secondsource'],
};

describe('a row of a batch', () => {
  it('is good for rowFault exactly when it is good for the schema', () => {
    const goodish = fc.tuple(
      fc.integer({ min: 1 }),
      fc.integer({ min: 0, max: 3 }),
      fc.nat({ max: 2_000_000_000 }),
      fc.double(),
    );
    const flags = fc.constantFrom(0, 1, 3, 4, 5, 7, 251, 255);
    const flagged = fc.tuple(goodish, flags).map(([row, bits]): unknown[] => [...row, bits]);
    // A few values for all of mean, min, max, first and last: often in order, often not.
    const level = fc.constantFrom(-1.5, 20, 20.25, 21);
    const ordered = fc.array(level, { minLength: 5, maxLength: 5 }).map((all) => all.sort((a, b) => a - b));
    const levels = fc.oneof(ordered, fc.array(level, { minLength: 5, maxLength: 5 }));
    const detail = fc
      .tuple(
        levels,
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 2 }),
        fc.nat({ max: 3 }),
        fc.nat({ max: 3 }),
      )
      .map(([[min, first, mean, last, max], count, source, lo, hi]) => ({
        mean,
        stands: [count, min, max, first, last, 60_000, source, lo, hi] as unknown[],
      }));
    const thinned = fc
      .tuple(goodish, flags, detail)
      .map(([[seq, series, at], bits, { mean, stands }]): unknown[] => [seq, series, at, mean, bits, stands]);
    const spoiltAt = (row: fc.Arbitrary<unknown[]>, last: number) =>
      fc.tuple(row, fc.nat({ max: last }), anything).map(([good, index, value]) => good.with(index, value));
    // A good row with one field replaced: this is where two checks come to differ.
    const spoiltDetail = fc
      .tuple(thinned, fc.nat({ max: 8 }), anything)
      .map(([row, index, value]) => row.with(5, (row[5] as unknown[]).with(index, value)));
    const rows = fc.oneof(
      anything,
      fc.array(anything, { maxLength: 7 }),
      goodish,
      spoiltAt(
        goodish.map((row): unknown[] => [...row]),
        3,
      ),
      flagged,
      spoiltAt(flagged, 4),
      { weight: 2, arbitrary: thinned },
      spoiltAt(thinned, 5),
      { weight: 2, arbitrary: spoiltDetail },
    );
    const good = [0, 0, 0, 0, 0, 0, 0];
    fc.assert(
      fc.property(rows, (row) => {
        const bySchema = BatchRequest.safeParse({ ...BATCH, readings: [row] }).success;
        const byHand = rowFault(row, BATCH.series.length, BATCH.sources.length) === undefined;
        if (bySchema && Array.isArray(row)) good[row.length] = (good[row.length] ?? 0) + 1;
        expect(byHand).toBe(bySchema);
      }),
      { numRuns: 20_000 },
    );
    for (const length of [4, 5, 6]) expect(good[length]).toBeGreaterThan(200);
  });

  it.each([
    [[1, 0, 5], ''],
    [[1, 0, 5, 1, 0, 0], ''],
    [{ 0: 1, 1: 0, 2: 5, 3: 1, length: 4 }, ''],
    [null, ''],
    [[0, 0, 5, 1], '[0]'],
    [['1', 0, 5, 1], '[0]'],
    [[2 ** 53, 0, 5, 1], '[0]'],
    [[1, 2, 5, 1], '[1]'],
    [[1, '0', 5, 1], '[1]'],
    [[1, 0, -1, 1], '[2]'],
    [[1, 0, 5.5, 1], '[2]'],
    [[1, 0, 5, Number.POSITIVE_INFINITY], '[3]'],
    [[1, 0, 5, null], '[3]'],
    [[1, 0, 5, 'NaN'], '[3]'],
    [[1, 0, 5, 1, 256], '[4]'],
    [[1, 0, 5, 1, null], '[4]'],
    [[1, 0, 5, 1, 251], undefined],
    [[1, 0, 5, 1, 4], ''],
    [[1, 0, 5, 1, 0, [6, 0, 2, 0, 2, 9, 0, 1, 6]], ''],
    [[1, 0, 5, 1, 4, [6, 0, 2, 0, 2, 9, 0, 1, 6]], undefined],
    [[1, 0, 5, 3, 4, [6, 0, 2, 0, 2, 9, 0, 1, 6]], '[5]'],
    [[1, 0, 5, 1, 4, [6, 0, 2, 0, 3, 9, 0, 1, 6]], '[5]'],
    [[1, 0, 5, 1, 4, [0, 0, 2, 0, 2, 9, 0, 1, 6]], '[5]'],
    [[1, 0, 5, 1, 4, [6, 0, 2, 0, 2, 9, 1, 1, 6]], '[5]'],
    [[1, 0, 5, 1, 4, [6, 0, 2, 0, 2, 9, 0, 7, 6]], '[5]'],
    [[1, 0, 5, 1, 4, null], '[5]'],
  ] as const)('%j has its fault at %s', (row, place) => {
    expect(rowFault(row, 2, 1)?.place).toBe(place);
  });
});

describe('a batch', () => {
  it('may be whole, and may not have an unknown key or a range that runs backwards', () => {
    const batch = { ...BATCH, readings: [[1, 0, 5, 20.5]], gone: [[2, 3, 'shed']] };

    expect(BatchRequest.safeParse(batch).success).toBe(true);
    expect(BatchRequest.safeParse({ ...batch, extra: 1 }).success).toBe(false);
    expect(BatchRequest.safeParse({ ...batch, gone: [[3, 2, 'shed']] }).success).toBe(false);
  });

  it.each([
    [[1, 9, 60_000, 0, 5], true],
    [[1, 9, -5, 5, 9], true],
    [[9, 1, 60_000, 0, 5], false],
    [[1, 9, 60_000, 5, 0], false],
    [[1, 9, -6, 5, 9], false],
    [[1, 9, 253_402_300_799_999, 0, 1], false],
    [[1, 9, 0.5, 0, 1], false],
    [[1, 9, 60_000, 0], false],
  ] as const)('with the correction %j is good: %s', (correction, good) => {
    expect(BatchRequest.safeParse({ ...BATCH, readings: [], corrections: [correction] }).success).toBe(good);
  });
});
