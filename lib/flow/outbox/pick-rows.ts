/** Which rows make up the next batch: arithmetic on ranges, with a look at one row of each tier at most. */

import { countOf, difference, intersection, NO_SEQS, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { BatchPick } from './outbox.ts';
import { ofTier, TIERS } from './tiers.ts';

/** Looks up the time of one row; `undefined` if it is not there. */
export type AtOf = (seq: number) => number | undefined;

/** The rows of `present` that are neither acknowledged nor excepted. */
export function candidates(
  present: SeqRanges,
  acknowledged: SeqRanges,
  pick: Pick<BatchPick, 'within' | 'except'>,
): SeqRanges {
  const window = pick.within === undefined ? present : intersection(present, [pick.within]);
  return difference(difference(window, acknowledged), pick.except ?? NO_SEQS);
}

/** At most `rowsMax` seqs from one end of `seqs`; ascending, whichever end that is. */
export function takeSeqs(seqs: SeqRanges, order: BatchPick['order'], rowsMax: number): SeqRanges {
  const taken: SeqRange[] = [];
  let left = rowsMax;
  for (const [lo, hi] of order === 'oldest' ? seqs : seqs.toReversed()) {
    if (left <= 0) break;
    const rows = Math.min(left, countOf([[lo, hi]]));
    taken.push(order === 'oldest' ? [lo, lo + rows - 1] : [hi - rows + 1, hi]);
    left -= rows;
  }
  return order === 'oldest' ? taken : taken.reverse();
}

/** The oldest or newest of `seqs` by time: the tiers grow independently of each other, and each by time alone. */
export function endByTime(seqs: SeqRanges, order: BatchPick['order'], atOf: AtOf): number | undefined {
  const ends = TIERS.flatMap((tier) => {
    const own = ofTier(tier, seqs);
    const end = order === 'oldest' ? own[0]?.[0] : own.at(-1)?.[1];
    return end === undefined ? [] : [end];
  });
  if (ends.length < 2) return ends[0];
  const times = ends.map((seq) => atOf(seq) ?? 0);
  return ends[times.indexOf(order === 'oldest' ? Math.min(...times) : Math.max(...times))];
}
