/**
 * Rows that come back into the file under the identity they always had: dead letters that a person has sent
 * once more, and what another file had accepted. Durable when the call returns, or nothing has changed.
 */

import { difference, intersection, NO_SEQS, rangesOfSeqs, type SeqRanges } from '../seq-ranges.ts';
import { writeAbsent } from './absent.ts';
import { assertUnassigned, prepareAdopt } from './adoption.ts';
import type { Books, Commits } from './commits.ts';
import type { LetterBound } from './letter-bound.ts';
import type { Outbox } from './outbox.ts';
import { prepareRedrive } from './redrive.ts';
import { prepareRestore } from './restoring.ts';
import type { RowChecksum } from './row-checksum.ts';

export function createReturns(
  books: Books,
  commits: Commits,
  { checksum, letterBound }: { readonly checksum: RowChecksum; readonly letterBound: LetterBound },
): Pick<Outbox, 'redrive' | 'dropDeadLetters' | 'adopt' | 'restore'> {
  const { database, destinations, series, streams, acknowledgements, gone, clockBook } = books;
  const { clock } = books.world;
  const redriven = prepareRedrive(database, { series, checksum });
  const adopt = prepareAdopt(database, { series, checksum });
  const restore = prepareRestore(database, gone);

  /** In one commit with `work`, which inserts the rows; those they are `owed` to wait for them from then on. */
  function putBack(seqs: SeqRanges, owed: ReadonlyMap<string, SeqRanges>, work: () => void): void {
    // As far as they have been acknowledged: a salvage that begins again may find some of them waiting.
    const had = [...owed].map(
      ([destination, lacking]) =>
        [destination, intersection(lacking, acknowledgements.of(destination))] as const,
    );
    for (const [destination, lacking] of had) acknowledgements.withdraw(destination, lacking);
    try {
      commits.runPuttingBack(seqs, (left) => {
        writeAbsent(database, difference(left, seqs));
        work();
      });
    } catch (error) {
      for (const [destination, lacking] of had) acknowledgements.note(destination, lacking);
      throw error;
    }
  }

  return {
    redrive(destination, seq) {
      const letters = redriven.letters(destination, seq);
      if (letters.length === 0) return 0;
      const seqs = rangesOfSeqs(letters.map((letter) => letter.seq));
      putBack(seqs, new Map([[destination, seqs]]), () => {
        redriven.putBack(destination, letters);
        clockBook.noteReturned(letters.map((one) => ({ ...one, reading: one })));
      });
      return letters.length;
    },
    dropDeadLetters: (destination, seq) => redriven.drop(destination, seq),
    adopt(adoption) {
      const { stream, rows, missing, settled } = adoption;
      assertUnassigned(streams.all(), adoption);
      const seqs = rangesOfSeqs(rows.map((row) => row.seq));
      const owed = new Map(
        destinations.map((name) => [name, difference(seqs, settled?.get(name) ?? NO_SEQS)]),
      );
      putBack(seqs, owed, () => {
        adopt(adoption, clock.wallMs());
        // A full outbox may have to thin these very rows in the same commit.
        streams.adopted();
        clockBook.noteReturned(rows);
        gone.declare(stream, missing, 'corrupt', { at: clock.wallMs() });
      });
    },
    restore(restoration) {
      commits.run(() => restore(restoration, clock.wallMs()));
      letterBound.countAnew();
    },
  };
}
