/**
 * How many dead letters an outbox keeps. A reading that is refused each round is buried each round, for as long as
 * nobody looks; what waits must find its room all the same. The oldest go, and stay in the ledger by name
 * (docs/decisions/0047-dead-letters-have-a-quarter-of-the-outbox.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { BATCH_ROWS_MAX } from '../reading.ts';

/** What of `bytesMax` they may take, all destinations together. */
const LETTERS_SHARE = 1 / 4;
/**
 * What one takes, with its share of inner pages: measured with a message of 70 characters. One with the longest
 * message takes 590, so that all of them would be half of the outbox.
 */
const LETTER_BYTES = 256;
/**
 * What goes at once, so that they are counted seldom: half a day of one each round, in some ten milliseconds. No
 * batch has more readings, so that there are never more than before.
 */
const LETTERS_AT_ONCE = BATCH_ROWS_MAX;

export interface ShedLetters {
  readonly letters: number;
  /** The first and the last of them. */
  readonly lo: number;
  readonly hi: number;
}

export interface LetterBound {
  /** After `buried` more for a destination, in the same transaction. `undefined`: there is room for them. */
  settle(destination: string, buried: number): ShedLetters | undefined;
  /** That transaction has failed, or others have come: how many there are is not known any more. */
  countAnew(): void;
}

/** Dead letters that each of so many destinations may have. */
export const lettersMaxOf = (bytesMax: number, destinations: number): number =>
  Math.floor((bytesMax * LETTERS_SHARE) / LETTER_BYTES / destinations);

export function createLetterBound(database: SqliteDatabase, lettersMax: number): LetterBound {
  const count = database
    .prepare<[string], number>('SELECT count(*) FROM dead_letters WHERE destination = ?')
    .pluck();
  const removeOldest = database
    .prepare<[string, string, number], number>(
      `DELETE FROM dead_letters WHERE destination = ? AND seq IN (
         SELECT seq FROM dead_letters WHERE destination = ? ORDER BY seq LIMIT ?) RETURNING seq`,
    )
    .pluck();
  const atOnce = Math.min(LETTERS_AT_ONCE, Math.ceil(lettersMax / 8));
  /** At most so many there are: what a person has taken away is missed, and only counted when it matters. */
  const atMost = new Map<string, number>();

  return {
    settle(destination, buried) {
      let letters = (atMost.get(destination) ?? Number.POSITIVE_INFINITY) + buried;
      if (letters > lettersMax) letters = count.get(destination) ?? 0;
      atMost.set(destination, letters);
      if (letters <= lettersMax) return undefined;
      const excess = Math.min(LETTERS_AT_ONCE, Math.max(atOnce, letters - lettersMax));
      const seqs = removeOldest.all(destination, destination, excess);
      atMost.set(destination, letters - seqs.length);
      return { letters: seqs.length, lo: Math.min(...seqs), hi: Math.max(...seqs) };
    },
    countAnew: () => atMost.clear(),
  };
}
