/**
 * What a rollup is, for those who make them (`rollups.ts`) and those who ask for them: the widths of its levels,
 * and how two of them become one. All of it is exact but the mean, which is so within rounding.
 */

/** One level each; the number is the one in the file. A day is one of UTC. */
export const ROLLUP_LEVELS = [
  { name: 'minute', level: 0, widthMs: 60_000 },
  { name: 'hour', level: 1, widthMs: 3_600_000 },
  { name: 'day', level: 2, widthMs: 86_400_000 },
] as const;
export type RollupLevel = (typeof ROLLUP_LEVELS)[number];

/** A row of `rollups`: the readings of one series and one set of remarks, from `at` on for the width of its level. */
export interface Rollup {
  readonly series: number;
  readonly at: number;
  /** Remarks that its readings have in common, `FLAG.thinned` left out. */
  readonly flags: number;
  /** How many readings there were, thinned ones as what they stand for. */
  readonly count: number;
  /** Never the sum, which of huge values is more than a double can hold. */
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of several at one moment the least is the first, and the greatest the last: so the order of arrival is none. */
  readonly first: number;
  /** After `at`. */
  readonly firstMs: number;
  readonly last: number;
  /** After `at`; of a thinned reading that began before the end and reached beyond it, more than the width. */
  readonly lastMs: number;
}

/** The beginning of the stretch that `at` lies in. */
export function bucketOf(at: number, widthMs: number): number {
  return at - (at % widthMs);
}
