/**
 * The compact form in which a reader sends readings: `POST /api/v1/batches`. Rows are short lists that refer to
 * their series by index, beside what will never come and what must be moved. With `reading.ts` and
 * `seq-ranges.ts` this file is the whole contract between the reader and the write API.
 *
 * The form of a row is written twice: as a schema, for documentation and types, and as `rowFault`, which is the
 * one that a batch is checked with. `batch.test.ts` holds the two to one verdict.
 */

import { z } from 'zod';
import { AT_MAX, BATCH_ROWS_MAX, FIELDS, FLAG, FLAGS_MAX, GONE_CAUSES, isSeq, isWhole } from './reading.ts';

const { name, stream, unit, seq, at, value } = FIELDS;
const index = z.int().min(0);
const flags = z.int().min(0).max(FLAGS_MAX);
const RANGE_BACKWARDS = 'a range must not end before it starts';

/** `Thinned` in a row: `[count, min, max, first, last, spanMs, source, lo, hi]`, the source by its index in `sources`. */
const ThinnedTuple = z
  .tuple([z.int().min(1), value, value, value, value, z.int().min(0).max(AT_MAX), index, seq, seq])
  .refine(([, min, max, first, last]) => [first, last].every((one) => min <= one && one <= max))
  .refine(([, , , , , , , lo, hi]) => lo <= hi, RANGE_BACKWARDS);
export type ThinnedTuple = z.infer<typeof ThinnedTuple>;

/**
 * One reading of a batch: `[seq, series, at, value]`, then its flags unless they are 0, then what it stands
 * for if, and only if, it is a thinned one.
 */
export const BatchRow = z.union([
  z.tuple([seq, index, at, value]),
  z.tuple([seq, index, at, value, flags.refine((bits) => (bits & FLAG.thinned) === 0)]),
  z
    .tuple([seq, index, at, value, flags.refine((bits) => (bits & FLAG.thinned) !== 0), ThinnedTuple])
    .refine(([, , , mean, , [, min, max]]) => min <= mean && mean <= max),
]);
export type BatchRow = z.infer<typeof BatchRow>;

/** At most so many declared clock corrections a request: each may move the readings of a whole boot. */
export const CORRECTIONS_MAX = 16;

/**
 * `[lo, hi, offsetMs, fromAt, toAt]`: the readings of these seqs that were sent with `FLAG.clockUntrusted`, and so
 * with times between the two given, were measured `offsetMs` later than they say. The store moves them, and
 * clears the flag: declared again, it changes nothing. It must reach the store before, or with, the first thinned
 * reading whose own time it has mended, or that one is not found to overlap with what it stands for.
 */
const Correction = z
  .tuple([seq, seq, z.int(), at, at])
  .refine(([lo, hi]) => lo <= hi, RANGE_BACKWARDS)
  .refine(
    ([, , offsetMs, fromAt, toAt]) => fromAt <= toAt && fromAt + offsetMs >= 0 && toAt + offsetMs <= AT_MAX,
    'must go from a time to one not before it, and lead to times from 1970 to the year 9999',
  );
export type Correction = z.infer<typeof Correction>;

/** A batch whose rows have not been looked at yet: the write API checks those with `rowFault`. */
export const BatchEnvelope = z.strictObject({
  gateway: name,
  stream,
  series: z.array(z.strictObject({ sensor: name, metric: name, unit })).max(BATCH_ROWS_MAX),
  readings: z.array(z.unknown()).max(BATCH_ROWS_MAX),
  gone: z
    .array(z.tuple([seq, seq, z.enum(GONE_CAUSES)]).refine(([lo, hi]) => lo <= hi, RANGE_BACKWARDS))
    .max(BATCH_ROWS_MAX)
    .optional(),
  /** Streams that thinned rows name as their source. */
  sources: z.array(stream).max(BATCH_ROWS_MAX).optional(),
  corrections: z.array(Correction).max(CORRECTIONS_MAX).optional(),
});
export type BatchEnvelope = z.infer<typeof BatchEnvelope>;

/** A whole batch: the envelope, and rows whose indices are within its lists. */
export const BatchRequest = BatchEnvelope.extend({ readings: z.array(BatchRow).max(BATCH_ROWS_MAX) }).refine(
  ({ readings, series, sources = [] }) =>
    readings.every(
      ([, seriesIndex, , , , thinned]) =>
        seriesIndex < series.length && (thinned === undefined || thinned[6] < sources.length),
    ),
  'a row refers to a series or a source that the batch does not list',
);
export type BatchRequest = z.infer<typeof BatchRequest>;

/** Where in a row, and what must be there. */
interface RowFault {
  /** Behind the path of the row: `[3]`, or nothing where the row as a whole is meant. */
  readonly place: string;
  readonly message: string;
}

/**
 * The first thing that keeps `row` from being a `BatchRow` of a batch with `seriesCount` series and
 * `sourceCount` sources; `undefined` if nothing does. A tenth of the schema's cost.
 */
export function rowFault(row: unknown, seriesCount: number, sourceCount = 0): RowFault | undefined {
  if (!Array.isArray(row) || row.length < 4 || row.length > 6) {
    return { place: '', message: 'must be [seq, series, at, value], then flags unless they are 0' };
  }
  if (!isSeq(row[0])) return { place: '[0]', message: 'must be a seq: a whole number from 1 on' };
  if (!isWhole(row[1], 0, seriesCount - 1)) {
    return { place: '[1]', message: `must be the index of one of the ${seriesCount} series` };
  }
  if (!isWhole(row[2], 0, AT_MAX)) {
    return { place: '[2]', message: 'must be whole milliseconds since 1970, up to the year 9999' };
  }
  // JSON has no NaN, but 1e400 is read as Infinity.
  if (!Number.isFinite(row[3])) return { place: '[3]', message: 'must be a finite number' };
  if (row.length === 4) return undefined;
  if (!isWhole(row[4], 0, FLAGS_MAX)) {
    return { place: '[4]', message: `must be a whole number from 0 to ${FLAGS_MAX}` };
  }
  if (((row[4] & FLAG.thinned) !== 0) !== (row.length === 6)) {
    return {
      place: '',
      message: `must say what it stands for if, and only if, its flags have the bit ${FLAG.thinned}`,
    };
  }
  return row.length === 6 && !isThinned(row[5], row[3], sourceCount)
    ? { place: '[5]', message: THINNED_RULE }
    : undefined;
}

const THINNED_RULE =
  'must be [count, min, max, first, last, spanMs, source, lo, hi]: value, first and last from min to max, the index of a source, and a range of its seqs';

function isThinned(thing: unknown, mean: number, sourceCount: number): boolean {
  if (!Array.isArray(thing) || thing.length !== 9) return false;
  const [count, min, max, first, last, spanMs, source, lo, hi] = thing;
  return (
    isWhole(count, 1, Number.MAX_SAFE_INTEGER) &&
    [min, max, first, last].every(Number.isFinite) &&
    [mean, first, last].every((one) => min <= one && one <= max) &&
    isWhole(spanMs, 0, AT_MAX) &&
    isWhole(source, 0, sourceCount - 1) &&
    isSeq(lo) &&
    isSeq(hi) &&
    lo <= hi
  );
}
