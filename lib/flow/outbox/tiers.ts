/**
 * Three logs in one file, each fed by the one before it when the outbox is full: readings as they were accepted,
 * one row for each minute, one row for each ten minutes. They are told apart by their seqs alone, so that
 * acknowledged ranges, the ledger, streams and trimming work on all of them alike
 * (docs/decisions/0012-a-full-outbox-fades-before-it-forgets.md).
 */

import { intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';

export type TierName = 'raw' | 'minute' | 'ten_minutes';

export interface Tier {
  readonly name: TierName;
  /** The seqs that are its own. */
  readonly space: SeqRange;
  /** The time that one row stands for, at most; 0 for a reading. */
  readonly bucketMs: number;
  /**
   * What one row takes, with its share of inner pages: measured on a year of five series with values of two
   * decimals. To weigh the tiers against each other, which need not be exact.
   */
  readonly rowBytes: number;
  /**
   * How much of the bound it may take before its oldest rows go on. Half of the default bound are three years of five
   * series in steps of ten minutes, a quarter are two months in minutes.
   */
  readonly share: number;
}

const MINUTES_FROM = 2 ** 51 + 1;
const TEN_MINUTES_FROM = 2 ** 52 + 1;

export const RAW: Tier = {
  name: 'raw',
  space: [1, MINUTES_FROM - 1],
  bucketMs: 0,
  rowBytes: 45,
  share: 1 / 4,
};
export const MINUTE: Tier = {
  name: 'minute',
  space: [MINUTES_FROM, TEN_MINUTES_FROM - 1],
  bucketMs: 60_000,
  rowBytes: 150,
  share: 1 / 4,
};
export const TEN_MINUTES: Tier = {
  name: 'ten_minutes',
  space: [TEN_MINUTES_FROM, Number.MAX_SAFE_INTEGER],
  bucketMs: 600_000,
  rowBytes: 150,
  share: 1 / 2,
};
/** Ascending by seq: from the freshest to the oldest readings. */
export const TIERS: readonly Tier[] = [RAW, MINUTE, TEN_MINUTES];

/** Far above what one file can assign; 2,000 files in a row stay below the seqs of the minutes. */
export const SEQS_PER_FILE = 2 ** 40;

/** Where a tier begins in a file whose raw seqs have come to `rawSeq`: clear of all files before it. */
export function startOf({ space }: Tier, rawSeq: number): number {
  return space[0] + Math.floor((rawSeq - 1) / SEQS_PER_FILE) * SEQS_PER_FILE;
}

export function isOf({ space }: Tier, seq: number): boolean {
  return seq >= space[0] && seq <= space[1];
}

/** Which of `seqs` are of the tier. */
export function ofTier({ space }: Tier, seqs: SeqRanges): SeqRanges {
  return intersection(seqs, [space]);
}

/**
 * What replaces rows must take at most so much of their room. Six readings of a minute, as they come by default,
 * become little more than half of it; four would become five sixths, and go straight into a row of ten minutes.
 */
const WORTH_SHARE = 2 / 3;

/** Whether `into` rows of `to` instead of `rows` of `from` make enough room to be worth what they no longer tell. */
export function isWorthIt(rows: number, from: Tier, into: number, to: Tier): boolean {
  return into * to.rowBytes <= rows * from.rowBytes * WORTH_SHARE;
}
