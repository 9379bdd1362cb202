/** How much a destination has still to get, from its acknowledged ranges: no row is counted. */

import { countOf, difference, type SeqRanges } from '../seq-ranges.ts';
import type { Backlog } from './outbox.ts';
import { type AtOf, endByTime } from './pick-rows.ts';

/** `acknowledged` includes what has left of `present`. */
export function backlogOf(present: SeqRanges, acknowledged: SeqRanges, atOf: AtOf): Backlog {
  const waiting = difference(present, acknowledged);
  const oldest = endByTime(waiting, 'oldest', atOf);
  return { rows: countOf(waiting), oldestAt: oldest === undefined ? undefined : atOf(oldest) };
}
