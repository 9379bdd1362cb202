/**
 * How several readings become one row: arithmetic on a stretch of rows, without a look at any file. What one row
 * stands for is a closed interval of the seqs in which the readings were accepted, and all readings of its series
 * in it: so a store that has some of them already can tell which, and two rows can be joined again later if, and
 * only if, their intervals touch.
 */

import { FLAG, type Thinned } from '../reading.ts';

/** A row as it stands in the file. */
export interface StretchRow {
  readonly seq: number;
  readonly series: number;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly monoMs: number;
  readonly boot: number;
  readonly thinned: Thinned | undefined;
  /** The stream that it is in. */
  readonly stream: string;
  /** Whom it has still to reach, one bit for each destination; 0: nobody. */
  readonly lacking: number;
  /** Whether it is as it was accepted. */
  readonly intact: boolean;
}

/** What a row stands for, and whom it has to reach. */
export interface Aggregate {
  readonly series: number;
  readonly at: number;
  readonly mean: number;
  readonly flags: number;
  readonly monoMs: number;
  readonly boot: number;
  readonly thinned: Thinned;
  /** The stream of the first row that it replaces. */
  readonly stream: string;
  readonly lacking: number;
}

/**
 * The rows of a stretch that somebody lacks, as aggregates of themselves. Ascending by seq. A reading is given the
 * interval up to the one after it in its series; a damaged row, and one that everybody has, ends all intervals,
 * because a store may have what stands there.
 */
export function partsOf(rows: readonly StretchRow[]): Aggregate[] {
  const parts: Aggregate[] = [];
  let run: StretchRow[] = [];
  for (const row of rows) {
    const before = run.at(-1);
    if (before !== undefined && !follows(row, before)) {
      parts.push(...partsOfRun(run));
      run = [];
    }
    if (row.intact && row.lacking !== 0) run.push(row);
  }
  parts.push(...partsOfRun(run));
  return parts;
}

function follows(row: StretchRow, before: StretchRow): boolean {
  return row.intact && row.seq === before.seq + 1 && row.stream === before.stream;
}

function partsOfRun(run: readonly StretchRow[]): Aggregate[] {
  const end = run.at(-1)?.seq ?? 0;
  /** The row after each, in its series. */
  const nextOf = new Map<number, number>();
  const ends: number[] = [];
  for (let i = run.length - 1; i >= 0; i -= 1) {
    const { series, seq } = run[i] as StretchRow;
    ends[i] = (nextOf.get(series) ?? end + 1) - 1;
    nextOf.set(series, seq);
  }
  const begun = new Set<number>();
  const start = run[0]?.seq ?? 0;
  return run.map((row, i) => {
    const lo = begun.has(row.series) ? row.seq : start;
    begun.add(row.series);
    return partOf(row, lo, ends[i] ?? row.seq);
  });
}

function partOf(row: StretchRow, lo: number, hi: number): Aggregate {
  const { series, at, value, flags, monoMs, boot, stream, lacking } = row;
  const thinned = row.thinned ?? alone(value, { source: stream, lo, hi });
  return { series, at, mean: value, flags: flags | FLAG.thinned, monoMs, boot, thinned, stream, lacking };
}

/** What a reading stands for that nothing has been joined with. */
function alone(value: number, origin: Pick<Thinned, 'source' | 'lo' | 'hi'>): Thinned {
  const { source, lo, hi } = origin;
  return { count: 1, min: value, max: value, first: value, last: value, spanMs: 0, source, lo, hi };
}

/**
 * Neighbours of one series joined as far as they belong into one bucket of time and are alike in everything else.
 * Ascending by the seqs that they stand for. A clock that is set back begins another row, so that the first
 * reading of each is also its earliest.
 */
export function joined(parts: readonly Aggregate[], bucketMs: number): Aggregate[] {
  const open = new Map<number, Aggregate[]>();
  const groups: Aggregate[][] = [];
  for (const part of parts) {
    const group = open.get(part.series);
    const [first, last] = [group?.[0], group?.at(-1)];
    if (
      group !== undefined &&
      first !== undefined &&
      last !== undefined &&
      fits(part, first, last, bucketMs)
    ) {
      group.push(part);
      continue;
    }
    const begun = [part];
    open.set(part.series, begun);
    groups.push(begun);
  }
  return groups.map(sumOf);
}

function fits(part: Aggregate, first: Aggregate, last: Aggregate, bucketMs: number): boolean {
  return (
    bucketOf(part.at, bucketMs) === bucketOf(first.at, bucketMs) &&
    part.at >= last.at + last.thinned.spanMs &&
    part.thinned.lo === last.thinned.hi + 1 &&
    part.thinned.source === first.thinned.source &&
    part.flags === first.flags &&
    part.boot === first.boot &&
    part.lacking === first.lacking
  );
}

export function bucketOf(at: number, bucketMs: number): number {
  return Math.floor(at / bucketMs);
}

function sumOf(group: readonly Aggregate[]): Aggregate {
  const [head, tail] = [group[0], group.at(-1)];
  if (head === undefined || tail === undefined) throw new Error('an aggregate of nothing');
  const min = Math.min(...group.map(({ thinned }) => thinned.min));
  const max = Math.max(...group.map(({ thinned }) => thinned.max));
  const thinned = {
    ...head.thinned,
    count: group.reduce((sum, one) => sum + one.thinned.count, 0),
    min,
    max,
    last: tail.thinned.last,
    spanMs: tail.at + tail.thinned.spanMs - head.at,
    hi: tail.thinned.hi,
  };
  // The last digit of a mean may lie beyond what it is the mean of.
  return { ...head, mean: Math.min(max, Math.max(min, meanOf(group, thinned.count))), thinned };
}

function meanOf(group: readonly Aggregate[], count: number): number {
  const mean = group.reduce((sum, { mean, thinned }) => sum + mean * thinned.count, 0) / count;
  if (Number.isFinite(mean)) return mean;
  // Near the largest double the sum is too large, and its parts are not.
  return group.reduce((sum, { mean, thinned }) => sum + mean * (thinned.count / count), 0);
}
