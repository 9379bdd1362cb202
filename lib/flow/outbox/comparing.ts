/**
 * What a comparison with a destination's store leads to. A store that was restored from a backup lacks what it
 * had once: what is still here waits for it again, and what has left is named in the ledger. A store that has
 * more of a stream than was ever assigned here has seen another copy of this file, which went on where this
 * one was copied: this file has been rolled back, and that is noted once for each destination.
 */

import {
  difference,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRange,
  type SeqRanges,
} from '../seq-ranges.ts';
import type { Books, Commits } from './commits.ts';
import { readOwed } from './destination-rows.ts';
import type { Outbox } from './outbox.ts';

/** A stream, as far as it was assigned here, and what is believed of a destination. */
export interface Run {
  readonly stream: string;
  readonly seqs: SeqRange;
  /** Of what it was owed: rows that had left before it was configured it never had. */
  readonly acknowledged: SeqRanges;
  /** What it will never get: no difference. */
  readonly gone: SeqRanges;
}

/** What a store says of a stream, against what is believed here. */
export interface Compared {
  /** Acknowledged here, and not received there. */
  readonly missing: SeqRanges;
  /** Received there. */
  readonly received: SeqRanges;
}

export interface Reconciled {
  /** They wait again. */
  readonly again: SeqRanges;
  /** Their rows have left: they are in the ledger, for this destination. */
  readonly lost: SeqRanges;
}

export interface Rollback {
  readonly stream: string;
  /** The highest seq that was assigned here, and the highest that the destination has received. */
  readonly ours: number;
  readonly theirs: number;
  /** Seqs in between that it lacks: only the lost copy had them. */
  readonly lacking: SeqRanges;
}

/** For people; beyond these the oldest are forgotten, and noted again if they are met again. */
const ROLLBACKS_KEPT = 100;

export function createComparing(
  { database, streams, acknowledgements, gone, world }: Books,
  commits: Commits,
  known: (stream: string, seqs: SeqRanges) => SeqRanges,
): Pick<Outbox, 'runs' | 'reconcile' | 'noteRollback'> {
  const { clock } = world;
  const goneOf = database
    .prepare<[string, string], SeqRange>(
      'SELECT lo, hi FROM gone WHERE stream = ? AND (destination IS NULL OR destination = ?)',
    )
    .raw();
  const theirsOf = database
    .prepare<[string, string], number>('SELECT theirs FROM rollbacks WHERE destination = ? AND stream = ?')
    .pluck();
  const putRollback = database.prepare<[string, string, number, number, number]>(
    `INSERT INTO rollbacks (destination, stream, ours, theirs, noted_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET theirs = excluded.theirs`,
  );
  const forgetRollbacks = database.prepare<[number]>(
    `DELETE FROM rollbacks WHERE (destination, stream) IN
       (SELECT destination, stream FROM rollbacks ORDER BY noted_at DESC LIMIT -1 OFFSET ?)`,
  );

  const goneFor = (destination: string, stream: string) => normalized(goneOf.all(stream, destination));
  // Destinations are configured when a file is opened, and not while it is.
  const owed = readOwed(database);
  const confirmed = (destination: string, seqs: SeqRanges) =>
    intersection(intersection(seqs, acknowledgements.of(destination)), owed.get(destination) ?? NO_SEQS);

  return {
    runs(destination, limit) {
      const latest = [...streams.all()].reverse().filter(({ firstSeq, nextSeq }) => nextSeq > firstSeq);
      return latest.slice(0, limit).map(({ id, firstSeq, nextSeq }): Run => {
        const seqs: SeqRange = [firstSeq, nextSeq - 1];
        const acknowledged = confirmed(destination, [seqs]);
        return { stream: id, seqs, acknowledged, gone: goneFor(destination, id) };
      });
    },
    reconcile(destination, stream, { missing, received }) {
      acknowledgements.note(destination, known(stream, received));
      const believed = difference(confirmed(destination, known(stream, missing)), normalized(received));
      const lacking = difference(believed, goneFor(destination, stream));
      const lost = intersection(lacking, commits.left());
      const again = difference(lacking, lost);
      // Also if the commit fails: who believed in them again would let their rows leave with the next one.
      acknowledgements.withdraw(destination, again);
      commits.run(() => gone.declare(stream, lost, 'rolled_back', { at: clock.wallMs(), destination }));
      return { again, lost };
    },
    noteRollback(destination, { stream, ours, theirs, lacking }) {
      const noted = theirsOf.get(destination, stream);
      if (noted !== undefined && noted >= theirs) return false;
      const at = clock.wallMs();
      commits.run(() => {
        putRollback.run(destination, stream, ours, theirs, at);
        forgetRollbacks.run(ROLLBACKS_KEPT);
        gone.declare(stream, lacking, 'rolled_back', { at, destination });
      });
      return noted === undefined;
    },
  };
}
