/** How much a destination has still to get, from its acknowledged ranges: no row is counted. */

import { countOf, type SeqRanges } from '../seq-ranges.ts';
import type { Backlog } from './outbox.ts';

/** `acknowledged` includes everything below the first row; `atOf` looks up the time of one row. */
export function backlogOf(
  acknowledged: SeqRanges,
  nextSeq: number,
  atOf: (seq: number) => number | undefined,
): Backlog {
  const rows = nextSeq - 1 - countOf(acknowledged);
  if (rows === 0) return { rows, oldestAt: undefined };
  const first = acknowledged[0];
  return { rows, oldestAt: atOf(first === undefined || first[0] > 1 ? 1 : first[1] + 1) };
}
