/**
 * What a row on a page of a damaged store is, if it can be what we wrote. The pages carry no checksums, so a row is
 * believed if every cell is of its kind and within its range, and its names are known. A page that was overwritten
 * fails that nearly always, and a single bit that flipped within a value cannot be seen: SQLite cannot see it either.
 */

import type { Cell, ScannedRow } from '../../../base/page-scan.ts';
import type { Correction } from '../../batch.ts';
import {
  AT_MAX,
  FLAGS_MAX,
  GONE_CAUSES,
  type GoneCause,
  isSeq,
  isWhole,
  NAME_PATTERN,
  STREAM_PATTERN,
  UNIT_PATTERN,
} from '../../reading.ts';
import type { SeriesKey } from '../readings-store.ts';
import type { Rollup } from './rollup.ts';
import { ROLLUP_LEVELS } from './rollup.ts';

export interface FoundReading {
  readonly series: number;
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

/** From `lo` to `hi` of a stream; of a series, too, in `covered`. */
export interface FoundRange {
  readonly stream: number;
  readonly lo: number;
  readonly hi: number;
}

export function streamIn({
  rowid,
  cells,
}: ScannedRow): { id: number; stream: string; gateway: string } | undefined {
  const [, stream, gateway] = cells;
  if (rowid === undefined || cells.length !== 3) return undefined;
  if (!isMatch(stream, STREAM_PATTERN) || !isMatch(gateway, NAME_PATTERN)) return undefined;
  return { id: rowid, stream, gateway };
}

/** From the table, or from the index over its names. */
export function seriesIn({ rowid, cells }: ScannedRow): { id: number; key: SeriesKey } | undefined {
  if (cells.length !== 5) return undefined;
  const id = rowid ?? cells[4];
  const [gateway, sensor, metric, unit] = rowid === undefined ? cells : cells.slice(1);
  if (!isId(id) || !isMatch(gateway, NAME_PATTERN) || !isMatch(sensor, NAME_PATTERN)) return undefined;
  if (!isMatch(metric, NAME_PATTERN) || !isMatch(unit, UNIT_PATTERN)) return undefined;
  return { id, key: { gateway, sensor, metric, unit } };
}

/** Of either table: in its place, or still in the order of arrival. */
export function readingIn({ cells }: ScannedRow): FoundReading | undefined {
  if (cells.length !== 6) return undefined;
  const [series, at, stream, seq, value, flags] = cells;
  if (!isId(series) || !isTime(at) || !isId(stream) || !isSeq(seq)) return undefined;
  if (!isNumber(value) || !isFlags(flags)) return undefined;
  return { series, at, stream, seq, value, flags };
}

export function receivedIn({ rowid, cells }: ScannedRow): FoundRange | undefined {
  const [stream, lo, hi] = cells;
  if (rowid !== undefined || cells.length !== 3) return undefined;
  return isId(stream) && isSeq(lo) && isSeq(hi) && lo <= hi ? { stream, lo, hi } : undefined;
}

export function goneIn({ rowid, cells }: ScannedRow): (FoundRange & { cause: GoneCause }) | undefined {
  const [stream, name, lo, hi] = cells;
  const cause = GONE_CAUSES.find((one) => one === name);
  if (rowid !== undefined || cells.length !== 4 || cause === undefined) return undefined;
  return isId(stream) && isSeq(lo) && isSeq(hi) && lo <= hi ? { stream, lo, hi, cause } : undefined;
}

export function coveredIn({ rowid, cells }: ScannedRow): (FoundRange & { series: number }) | undefined {
  const [stream, series, lo, hi] = cells;
  if (rowid !== undefined || cells.length !== 4 || !isId(series)) return undefined;
  return isId(stream) && isSeq(lo) && isSeq(hi) && lo <= hi ? { stream, series, lo, hi } : undefined;
}

/** The columns of `thinned`, in their order. */
export type FoundThinned = readonly [
  stream: number,
  seq: number,
  count: number,
  min: number,
  max: number,
  first: number,
  last: number,
  spanMs: number,
  source: number,
  lo: number,
  hi: number,
];

export function thinnedIn({ rowid, cells }: ScannedRow): FoundThinned | undefined {
  if (rowid !== undefined || cells.length !== 11) return undefined;
  const [stream, seq, count, min, max, first, last, spanMs, source, lo, hi] = cells;
  if (!isId(stream) || !isSeq(seq) || !isId(count) || !isNumber(min) || !isNumber(max)) return undefined;
  if (!isNumber(first) || !isNumber(last) || !isTime(spanMs) || !isId(source)) return undefined;
  if (!isSeq(lo) || !isSeq(hi) || lo > hi || min > max) return undefined;
  return [stream, seq, count, min, max, first, last, spanMs, source, lo, hi];
}

export function rollupIn({ rowid, cells }: ScannedRow): (Rollup & { level: number }) | undefined {
  if (rowid !== undefined || cells.length !== 12) return undefined;
  const [level, series, at, flags, count, mean, min, max, first, firstMs, last, lastMs] = cells;
  const width = ROLLUP_LEVELS.find((one) => one.level === level)?.widthMs;
  if (width === undefined || !isNumber(level) || !isId(series) || !isTime(at) || at % width !== 0)
    return undefined;
  if (!isFlags(flags) || !isId(count) || !isNumber(mean) || !isNumber(min) || !isNumber(max))
    return undefined;
  if (!isNumber(first) || !isNumber(last) || !isTime(firstMs) || !isTime(lastMs)) return undefined;
  if (min > max || first < min || last > max || firstMs > lastMs) return undefined;
  return { level, series, at, flags, count, mean, min, max, first, firstMs, last, lastMs };
}

/** From when on the store kept readings, and rollups of each level; from schema 4 on. */
export function keptFromIn({ rowid, cells }: ScannedRow): readonly number[] | undefined {
  const [, stream, , , ...fromAts] = cells;
  if (rowid !== 1 || cells.length !== 8 || !isMatch(stream, STREAM_PATTERN)) return undefined;
  return fromAts.every(isTime) ? fromAts : undefined;
}

const isNumber = (cell: Cell | undefined): cell is number =>
  typeof cell === 'number' && Number.isFinite(cell);

const isId = (cell: Cell | undefined): cell is number => isWhole(cell, 1);

const isTime = (cell: Cell | undefined): cell is number => isWhole(cell, 0, AT_MAX);

const isFlags = (cell: Cell | undefined): cell is number => isWhole(cell, 0, FLAGS_MAX);

const isMatch = (cell: Cell | undefined, pattern: RegExp): cell is string =>
  typeof cell === 'string' && pattern.test(cell);

export function correctionIn({ rowid, cells }: ScannedRow): FoundCorrection | undefined {
  const [, stream, gateway, lo, hi, offsetMs, fromAt, toAt] = cells;
  if (rowid === undefined || cells.length !== 13) return undefined;
  if (!isId(stream) || !isMatch(gateway, NAME_PATTERN) || !isSeq(lo) || !isSeq(hi) || lo > hi)
    return undefined;
  if (!isWhole(offsetMs, -AT_MAX, AT_MAX) || !isTime(fromAt) || !isTime(toAt)) return undefined;
  return { stream, gateway, correction: [lo, hi, offsetMs, fromAt, toAt] };
}

export interface FoundCorrection {
  readonly stream: number;
  readonly gateway: string;
  readonly correction: Correction;
}
