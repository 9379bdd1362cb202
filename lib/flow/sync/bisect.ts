/**
 * Finds the one reading for which a whole batch was turned away. Each request asks about the first
 * half of the suspects: turned away, the culprit is in it; accepted, it is in the rest, which need not
 * be asked about as a whole. So one culprit among 1000 is found with at most 12 requests (the first
 * batch, ten halvings, and the culprit alone), and everything accepted on the way has been delivered.
 * What is set free by narrowing goes with the ordinary batches that follow.
 */

import type { SeqRange, SeqRanges } from '../seq-ranges.ts';

export interface Suspects {
  /** Every unacknowledged seq in here is under suspicion; at least one of them is the culprit. */
  readonly within: SeqRange;
  readonly rows: number;
}

/** What was sent: a batch, or any part of one. */
export interface Piece {
  readonly seqs: SeqRanges;
  readonly rows: number;
}

/** All rows of a batch that was turned away. `undefined` for an empty one. */
export function suspectsIn(piece: Piece): Suspects | undefined {
  const first = piece.seqs[0];
  const last = piece.seqs.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return { within: [first[0], last[1]], rows: piece.rows };
}

/** How many of the suspects, from the lowest seq, to send next: half, or the last one alone. */
export function rowsToTry(suspects: Suspects): number {
  return Math.max(1, Math.ceil(suspects.rows / 2));
}

/** Who remains under suspicion after `piece` of them was accepted or turned away; `undefined` if nobody does. */
export function narrowed(suspects: Suspects, piece: Piece, accepted: boolean): Suspects | undefined {
  if (!accepted) return suspectsIn(piece);
  const last = piece.seqs.at(-1);
  const rows = suspects.rows - piece.rows;
  if (last === undefined || rows <= 0 || last[1] >= suspects.within[1]) return undefined;
  return { within: [last[1] + 1, suspects.within[1]], rows };
}
