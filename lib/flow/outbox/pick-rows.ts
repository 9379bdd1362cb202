/** Which rows make up the next batch: pure arithmetic on ranges, without looking at a row. */

import { countOf, difference, intersection, NO_SEQS, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { BatchPick } from './outbox.ts';

/** The rows of `present` that are neither acknowledged nor excepted. */
export function candidates(
  present: SeqRange,
  acknowledged: SeqRanges,
  pick: Pick<BatchPick, 'within' | 'except'>,
): SeqRanges {
  const window = intersection([present], [pick.within ?? present]);
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
