import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL, rawOutbox, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { BatchRequest } from '../batch.ts';
import { BATCH_ROWS_MAX, FLAG, type Reading } from '../reading.ts';
import { countOf, type SeqRanges } from '../seq-ranges.ts';
import type { OutgoingBatch } from './outbox.ts';

/** A batch as the write API reads it. */
function parse(batch: OutgoingBatch | undefined): BatchRequest {
  return BatchRequest.parse(JSON.parse(batch?.body ?? 'null'));
}

/** What was sent, as it was accepted (without monotonic time, which stays at home). */
function sentReadings(batch: OutgoingBatch | undefined): Omit<Reading, 'monoMs'>[] {
  const { series, readings } = parse(batch);
  return readings.map(([, index, at, value, flags = 0]) => {
    const one = series[index];
    if (one === undefined) throw new Error(`no series ${index}`);
    return { ...one, at, value, flags };
  });
}

function withoutMono({ monoMs: _, ...rest }: Reading): Omit<Reading, 'monoMs'> {
  return rest;
}

describe('a batch', () => {
  it('is a valid request that names the gateway, the stream, each series once and every reading', () => {
    const { outbox } = tempOutbox();
    const readings = someReadings(7).map((one, i) => ({ ...one, flags: i === 4 ? FLAG.suspect : 0 }));
    const { stream } = outbox.append(readings);

    const batch = outbox.batch('local', ALL);

    const request = parse(batch);
    expect(request).toMatchObject({ gateway: 'test-gateway', stream });
    expect(request.series).toHaveLength(3);
    expect(request.readings.map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(request.readings.map((row) => row.length)).toEqual([4, 4, 4, 4, 5, 4, 4]);
    expect(sentReadings(batch)).toEqual(readings.map(withoutMono));
    expect(batch).toMatchObject({ stream, seqs: [[1, 7]], rows: 7 });
    expect(batch).toMatchObject({ oldestAt: readings[0]?.at, newestAt: readings[6]?.at });
  });

  it('names only the series that it contains, by their position in it', () => {
    const { outbox } = tempOutbox();
    const readings = ['a', 'b', 'c', 'b'].map((sensor) => ({ ...someReadings(1)[0], sensor }) as Reading);
    outbox.append(readings);

    const all = outbox.batch('local', ALL);
    const last = outbox.batch('local', { ...ALL, within: [3, 4] });
    const again = outbox.batch('local', ALL);

    expect(parse(last).series.map(({ sensor }) => sensor)).toEqual(['b', 'c']);
    expect(sentReadings(last).map(({ sensor }) => sensor)).toEqual(['c', 'b']);
    expect(again).toEqual(all);
  });

  it('carries units beyond ASCII and counts them in bytes', () => {
    const { outbox } = tempOutbox();
    const readings = someReadings(3).map((one) => ({ ...one, unit: 'µg/m^3°°°°' }));
    outbox.append(readings);
    const bytes = Buffer.byteLength(outbox.batch('local', ALL)?.body ?? '');

    expect(sentReadings(outbox.batch('local', ALL))).toEqual(readings.map(withoutMono));
    expect(outbox.batch('local', { ...ALL, bytesMax: bytes })?.rows).toBe(3);
    expect(outbox.batch('local', { ...ALL, bytesMax: bytes - 1 })?.rows).toBe(2);
  });

  it('gives every double back bit for bit', () => {
    const { outbox } = tempOutbox();
    const special = [
      5e-324,
      2.2250738585072014e-308,
      1.7976931348623157e308,
      1e308,
      -1e308,
      0.1,
      1 / 3,
      1e21,
      1e22,
      1e23,
      123456789012345680,
      2 ** 53,
      2 ** 53 - 1,
      -(2 ** 63),
      4.35,
      0.000001,
      1e-7,
      21,
      -40,
    ];
    let lo = 1;

    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.double({ noNaN: true, noDefaultInfinity: true }),
            fc.integer(),
            // What sensors say: a few decimals.
            fc.tuple(fc.integer(), fc.integer({ min: 0, max: 6 })).map(([n, digits]) => n / 10 ** digits),
            fc.constantFrom(...special),
          ),
          { minLength: 200, maxLength: BATCH_ROWS_MAX },
        ),
        (values) => {
          const appended = outbox.append(values.map((value, i) => ({ ...readingAt(i), value })));
          const sent = sentReadings(outbox.batch('local', { ...ALL, within: [appended.lo, appended.hi] }));
          outbox.acknowledge('local', appended.stream, [[appended.lo, appended.hi]]);
          lo = appended.hi + 1;
          // SQLite stores -0 as 0: the one exception, and the same number.
          expect(sent.map(({ value }) => bits(value))).toEqual(values.map((value) => bits(value + 0)));
        },
      ),
      { numRuns: 60, examples: [[Array.from({ length: 200 }, (_, i) => special[i % special.length] ?? 0)]] },
    );

    expect(lo).toBeGreaterThan(200);
  });

  it('would change most doubles if json_array printed them (the twin of the test above)', () => {
    const { file } = tempOutbox();
    const database = rawOutbox(file);
    const print = database.prepare<[number], string>('SELECT json_array(?)').pluck();
    const values = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 1_000);

    const changed = values.filter((value) => JSON.parse(print.get(value) ?? '')[0] !== value + 0);

    expect(changed.length).toBeGreaterThan(500);
  });
});

function readingAt(i: number): Reading {
  return { sensor: `s${i % 5}`, metric: 'm', unit: 'count', at: i, value: 0, flags: (i % 32) * 8, monoMs: i };
}

function bits(value: number): bigint {
  return new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
}

describe('picking', () => {
  it('takes from the end it is asked for, in the order of seqs', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(10));
    outbox.acknowledge('local', stream, [[4, 5]]);

    const oldest = outbox.batch('local', { ...ALL, rowsMax: 5 });
    const newest = outbox.batch('local', { ...ALL, order: 'newest', rowsMax: 7 });

    expect(oldest?.seqs).toEqual([
      [1, 3],
      [6, 7],
    ]);
    expect(newest?.seqs).toEqual([
      [2, 3],
      [6, 10],
    ]);
    expect(parse(newest).readings.map(([seq]) => seq)).toEqual([2, 3, 6, 7, 8, 9, 10]);
  });

  it('stays within a range and out of what another lane has in flight', () => {
    const { outbox } = tempOutbox();
    outbox.append(someReadings(10));

    const pick = {
      ...ALL,
      within: [3, 20],
      except: [
        [1, 3],
        [5, 6],
        [10, 12],
      ],
    } as const;

    expect(outbox.batch('local', pick)?.seqs).toEqual([
      [4, 4],
      [7, 9],
    ]);
    expect(outbox.batch('local', { ...ALL, within: [20, 30] })).toBeUndefined();
    expect(outbox.batch('local', { ...ALL, except: [[1, 10]] })).toBeUndefined();
  });

  it('gives nothing of an empty outbox', () => {
    expect(tempOutbox().outbox.batch('local', ALL)).toBeUndefined();
  });

  it('gives one row even if that is larger than the bound', () => {
    const { outbox } = tempOutbox();
    outbox.append(someReadings(10));

    const batch = outbox.batch('local', { order: 'newest', rowsMax: 10, bytesMax: 1 });

    expect(batch?.seqs).toEqual([[10, 10]]);
  });

  it('fills its bounds and never breaks them', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(
      Array.from({ length: 600 }, (_, i) => ({ ...readingAt(i), sensor: `sensor-${i % 40}`, value: i / 3 })),
    );
    const spread: SeqRanges = Array.from({ length: 50 }, (_, i) => [i * 10 + 3, i * 10 + 5]);
    outbox.acknowledge('local', stream, spread);

    fc.assert(
      fc.property(
        fc.constantFrom('oldest', 'newest'),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 40_000 }),
        (order, rowsMax, bytesMax) => {
          const batch = outbox.batch('local', { order, rowsMax, bytesMax });
          const bytes = Buffer.byteLength(batch?.body ?? '');
          expect(batch?.rows).toBe(countOf(batch?.seqs ?? []));
          expect(parse(batch).readings).toHaveLength(batch?.rows ?? 0);
          expect(batch?.rows).toBeLessThanOrEqual(rowsMax);
          if (batch?.rows !== 1) expect(bytes).toBeLessThanOrEqual(bytesMax);
          // Neither bound in the way: everything. Bytes in the way: at least half of what they allow.
          if (rowsMax >= 450 && bytesMax > 39_999) expect(batch?.rows).toBe(450);
          if ((batch?.rows ?? 0) < Math.min(rowsMax, 450) && bytesMax > 8_000) {
            expect(bytes).toBeGreaterThan(bytesMax / 2);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
