/**
 * Summaries put together into the stretches that somebody asked for. Readings that failed a plausibility check
 * are counted apart and never averaged in; those whose time nobody vouched for are in, and counted.
 */

import { FLAG } from '../../flow/reading.ts';
import { bucketOf } from '../../flow/write-api/store/rollup.ts';
import type { Summary } from '../../flow/write-api/store/store-looks.ts';
import { together } from '../../flow/write-api/store/summary.ts';

/** What is told of a stretch; nulls where it has no readings but suspect ones. */
export const BUCKET_COLUMNS = [
  'at',
  'count',
  'mean',
  'min',
  'max',
  'first',
  'last',
  'suspect',
  'untrusted',
] as const;

export type BucketRow = readonly [
  at: number,
  count: number,
  mean: number | null,
  min: number | null,
  max: number | null,
  first: number | null,
  last: number | null,
  suspect: number,
  untrusted: number,
];

interface Bucket {
  readonly at: number;
  good: Summary | undefined;
  suspect: number;
  untrusted: number;
}

export interface Buckets {
  /** In any order. */
  add(summary: Summary): void;
  readonly size: number;
  /** In the order of time. */
  rows(): BucketRow[];
}

/** `bucketMs` of `undefined`: all in one, at `fromAt`, where buckets that begin earlier begin, too. */
export function createBuckets(fromAt: number, bucketMs: number | undefined): Buckets {
  const buckets = new Map<number, Bucket>();
  return {
    add(summary) {
      const at = bucketMs === undefined ? fromAt : Math.max(fromAt, bucketOf(summary.at, bucketMs));
      let bucket = buckets.get(at);
      if (bucket === undefined) {
        bucket = { at, good: undefined, suspect: 0, untrusted: 0 };
        buckets.set(at, bucket);
      }
      if ((summary.flags & FLAG.clockUntrusted) !== 0) bucket.untrusted += summary.count;
      if ((summary.flags & FLAG.suspect) !== 0) bucket.suspect += summary.count;
      else bucket.good = bucket.good === undefined ? summary : together(bucket.good, summary);
    },
    get size() {
      return buckets.size;
    },
    rows: () => [...buckets.values()].sort((a, b) => a.at - b.at).map(rowOf),
  };
}

function rowOf({ at, good, suspect, untrusted }: Bucket): BucketRow {
  if (good === undefined) return [at, 0, null, null, null, null, null, suspect, untrusted];
  const { count, mean, min, max, first, last } = good;
  return [at, count, mean, min, max, first, last, suspect, untrusted];
}
