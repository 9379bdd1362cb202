/**
 * Times that were taken from a clock which nobody vouched for, mended once somebody does: in the rows that are
 * here, a bounded number with each commit, and by telling the destinations that have the others.
 */

import { NO_SEQS, union } from '../seq-ranges.ts';
import type { Books, Commits } from './commits.ts';
import { correctionsText } from './corrections.ts';
import type { Outbox } from './outbox.ts';
import { prepareRestamp } from './restamp.ts';
import type { RowChecksum } from './row-checksum.ts';

export function createMending(
  books: Books,
  commits: Commits,
  { gateway, checksum }: { readonly gateway: string; readonly checksum: RowChecksum },
): Pick<Outbox, 'clock' | 'correctionBatch' | 'noteCorrected'> {
  const { acknowledgements, clockBook } = books;
  const { untrusted, corrections } = clockBook;
  const restamp = prepareRestamp(books.database, {
    ...books,
    ...clockBook,
    checksum,
    sentTo: (destination) => union(acknowledgements.of(destination), clockBook.offeredTo(destination)),
  });

  return {
    clock: {
      trustedOffsetMs: clockBook.trustedOffsetMs,
      trust: clockBook.trust,
      beginBoot: clockBook.beginBoot,
      held: clockBook.held,
      restamp() {
        const offsetMs = clockBook.trustedOffsetMs();
        if (offsetMs === undefined || untrusted.stretches().length === 0) return undefined;
        let rows = 0;
        commits.run(() => {
          rows = restamp(offsetMs);
        });
        return rows;
      },
    },
    correctionBatch(destination) {
      const entries = corrections.untold(destination, acknowledgements.of(destination));
      if (entries === undefined) return undefined;
      const at = books.world.clock.wallMs();
      const { body, stream, told } = correctionsText(gateway, entries);
      return { stream, seqs: NO_SEQS, rows: 0, body, oldestAt: at, newestAt: at, corrects: told };
    },
    noteCorrected: (destination, told) => corrections.noteTold(destination, told),
  };
}
