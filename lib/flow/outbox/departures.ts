/**
 * Rows that leave without having been delivered: buried because a destination will never take them, or given
 * up for everybody. Durable when the call returns, or nothing has changed.
 */

import {
  contains,
  difference,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { Books, Commits } from './commits.ts';
import { prepareBury } from './dead-letters.ts';
import type { LetterBound, ShedLetters } from './letter-bound.ts';
import type { Outbox, Refused } from './outbox.ts';

export function createDepartures(
  books: Books,
  commits: Commits,
  /** The given seqs as far as they were assigned in this stream. */
  known: (stream: string, seqs: SeqRanges) => SeqRanges,
  letterBound: LetterBound,
): Pick<Outbox, 'bury' | 'declareGone'> {
  const { database, destinations, acknowledgements } = books;
  const { clock, observe } = books.world;
  const bury = prepareBury(database);

  return {
    bury(destination, stream, refusals) {
      const acknowledged = acknowledgements.of(destination);
      const fresh = new Map<number, Refused>();
      for (const refused of refusals) {
        const isKnown = known(stream, [[refused.seq, refused.seq]]).length > 0;
        if (isKnown && !contains(acknowledged, refused.seq)) fresh.set(refused.seq, refused);
      }
      if (fresh.size === 0) return;
      const seqs = normalized([...fresh.keys()].map((seq) => [seq, seq]));
      const buriedAt = clock.wallMs();
      let shed: ShedLetters | undefined;
      acknowledgements.note(destination, seqs);
      try {
        commits.run(() => {
          for (const refused of fresh.values()) bury(destination, refused, buriedAt);
          commits.declare(seqs, 'buried', destination);
          shed = letterBound.settle(destination, fresh.size);
        });
      } catch (error) {
        letterBound.countAnew();
        // Not in the dead letters, so not acknowledged either: it would be lost with the next append.
        acknowledgements.withdraw(destination, seqs);
        throw error;
      }
      for (const { seq, code, message } of fresh.values()) {
        observe({ type: 'reading.buried', destination, stream, seq, code, message });
      }
      if (shed !== undefined) observe({ type: 'letter.shed', destination, ...shed });
    },
    declareGone(seqs, cause) {
      const ours = intersection(normalized(seqs), commits.assigned());
      const missing = destinations.map((destination) => {
        const lacking = difference(ours, acknowledgements.of(destination));
        acknowledgements.note(destination, lacking);
        return { destination, lacking };
      });
      const nobody = missing.reduce<SeqRanges>((all, { lacking }) => union(all, lacking), NO_SEQS);
      if (nobody.length === 0) return;
      try {
        commits.run(() => commits.declare(nobody, cause));
      } catch (error) {
        for (const { destination, lacking } of missing) acknowledgements.withdraw(destination, lacking);
        throw error;
      }
    },
  };
}
