/**
 * Rows that come back into the file under the identity they always had: dead letters that a person has sent
 * once more, and what another file had accepted. Durable when the call returns, or nothing has changed.
 */

import { difference, rangesOfSeqs, type SeqRanges } from '../seq-ranges.ts';
import { writeAbsent } from './absent.ts';
import { assertUnassigned, prepareAdopt } from './adoption.ts';
import type { Books, Commits } from './commits.ts';
import type { Outbox } from './outbox.ts';
import { prepareRedrive } from './redrive.ts';
import type { RowChecksum } from './row-checksum.ts';

export function createReturns(
  books: Books,
  commits: Commits,
  checksum: RowChecksum,
): Pick<Outbox, 'redrive' | 'dropDeadLetters' | 'adopt'> {
  const { database, destinations, series, streams, acknowledgements, gone } = books;
  const { clock } = books.world;
  const redriven = prepareRedrive(database, { series, checksum });
  const adopt = prepareAdopt(database, { series, checksum });

  /** In one commit with `work`, which inserts the rows; `owedTo` are waiting for them from then on. */
  function putBack(seqs: SeqRanges, owedTo: readonly string[], work: () => void): void {
    for (const destination of owedTo) acknowledgements.withdraw(destination, seqs);
    try {
      commits.runPuttingBack(seqs, (left) => {
        writeAbsent(database, difference(left, seqs));
        work();
      });
    } catch (error) {
      for (const destination of owedTo) acknowledgements.note(destination, seqs);
      throw error;
    }
  }

  return {
    redrive(destination, seq) {
      const letters = redriven.letters(destination, seq);
      if (letters.length === 0) return 0;
      const seqs = rangesOfSeqs(letters.map((letter) => letter.seq));
      putBack(seqs, [destination], () => redriven.putBack(destination, letters));
      return letters.length;
    },
    dropDeadLetters: (destination, seq) => redriven.drop(destination, seq),
    adopt(adoption) {
      const { stream, rows, missing } = adoption;
      assertUnassigned(streams.all(), adoption);
      const seqs = rangesOfSeqs(rows.map((row) => row.seq));
      putBack(seqs, destinations, () => {
        adopt(adoption, clock.wallMs());
        gone.declare(stream, missing, 'corrupt', { at: clock.wallMs() });
      });
    },
  };
}
