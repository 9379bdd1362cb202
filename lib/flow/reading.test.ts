import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiIdentity,
  BatchRequest,
  BatchRow,
  isRefusedForNow,
  parseApiIdentity,
  REFUSALS,
  ReadingObject,
  Refusal,
  rowFault,
} from './reading.ts';

/** Values around every edge that a field of a row has, and things that are no numbers at all. */
const anything = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, -1, 0.5, 255, 256, 253_402_300_799_999, 253_402_300_800_000),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
  fc.constantFrom<unknown>(null, undefined, true, '1', '', [], [1], {}, 1n),
  fc.double(),
  fc.maxSafeInteger(),
  fc.nat({ max: 300 }),
);

describe('a row of a batch', () => {
  it('is good for rowFault exactly when it is good for the schema', () => {
    const seriesCount = 3;
    const goodish = fc.tuple(
      fc.integer({ min: 1 }),
      fc.integer({ min: 0, max: 4 }),
      fc.nat({ max: 2_000_000_000 }),
      fc.double(),
    );
    const rows = fc.oneof(
      anything,
      fc.array(anything, { maxLength: 7 }),
      goodish,
      // A good row with one field replaced: this is where two checks come to differ.
      fc.tuple(goodish, fc.nat({ max: 4 }), anything).map(([row, index, value]) => {
        const changed: unknown[] = [...row];
        changed[index] = value;
        return changed;
      }),
    );
    let good = 0;
    fc.assert(
      fc.property(rows, (row) => {
        const bySchema =
          BatchRow.safeParse(row).success && Array.isArray(row) && Number(row[1]) < seriesCount;
        const byHand = rowFault(row, seriesCount) === undefined;
        if (bySchema) good += 1;
        expect(byHand).toBe(bySchema);
      }),
      { numRuns: 20_000 },
    );
    expect(good).toBeGreaterThan(500);
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
    [[1, 0, 5, 1, 255], undefined],
  ] as const)('%j has its fault at %s', (row, place) => {
    expect(rowFault(row, 2)?.place).toBe(place);
  });
});

describe('a refusal', () => {
  it.each([
    ['future', true],
    ['series_limit', true],
    ['seq_conflict', false],
    ['a_code_of_a_newer_store', false],
    ['constructor', false],
  ])('with the code %s is for now only: %s', (code, forNow) => {
    expect(isRefusedForNow(code)).toBe(forNow);
  });
});

describe('the wire', () => {
  it('words every refusal within its bounds', () => {
    for (const [code, { meaning }] of Object.entries(REFUSALS)) {
      expect(Refusal.safeParse({ seq: 1, code, message: `the reading ${meaning}` }).success).toBe(true);
    }
  });

  it('takes a whole batch and refuses one with an unknown key', () => {
    const batch = {
      gateway: 'attic',
      stream: 'teststream',
      series: [{ sensor: 'roof', metric: 'temperature', unit: '°C' }],
      readings: [[1, 0, 5, 20.5]],
      gone: [[2, 3, 'shed']],
    };

    expect(BatchRequest.safeParse(batch).success).toBe(true);
    expect(BatchRequest.safeParse({ ...batch, extra: 1 }).success).toBe(false);
    expect(BatchRequest.safeParse({ ...batch, gone: [[3, 2, 'shed']] }).success).toBe(false);
  });

  it.each([
    ['2026-01-15T16:09:35Z', true],
    ['2026-01-15T17:09:35.250+01:00', true],
    ['2026-01-15T16:09:35', false],
    ['yesterday', false],
    ['0001-01-01T00:00:00Z', false],
    [253_402_300_800_000, false],
    [-1, false],
    [0, true],
  ])('the time %s is understood: %s', (at, understood) => {
    const parsed = ReadingObject.safeParse({ sensor: 'roof', metric: 'temperature', value: 1, at });

    expect(parsed.success).toBe(understood);
    if (!parsed.success) expect(parsed.error.issues[0]?.message).toContain('2026-01-15T16:09:35Z');
  });

  it('wants stream and seq together', () => {
    const reading = { sensor: 'roof', metric: 'temperature', value: 1 };

    expect(ReadingObject.safeParse({ ...reading, stream: 'teststream', seq: 1 }).success).toBe(true);
    expect(ReadingObject.safeParse({ ...reading, stream: 'teststream' }).success).toBe(false);
    expect(ReadingObject.safeParse({ ...reading, seq: 1 }).success).toBe(false);
  });

  it('recognises the identity of a write API and nothing else', () => {
    expect(parseApiIdentity(apiIdentity('0.1.0'))).toEqual({ version: '0.1.0', schema: 1 });
    expect(parseApiIdentity('nginx')).toBeUndefined();
    expect(parseApiIdentity(undefined)).toBeUndefined();
  });
});
