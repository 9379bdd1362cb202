/**
 * What is given up when the outbox is full: the oldest rows, a bounded number with each commit. What not
 * every destination has goes to the ledger in the same transaction, and is never counted as delivered.
 */

import type { FlowEvent } from '../flow-event.ts';
import { difference, intersection, NO_SEQS, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { BoundsWatch, Excess } from './bounds.ts';
import type { Streams } from './streams.ts';

export interface SheddingDeps {
  readonly bounds: BoundsWatch;
  readonly destinations: readonly string[];
  readonly acknowledgements: Pick<Acknowledgements, 'of' | 'note' | 'withdraw'>;
  readonly streams: Pick<Streams, 'split'>;
  /** Writes to the ledger, inside the transaction at hand; without a destination for all of them. */
  readonly declare: (seqs: SeqRanges, cause: 'shed', destination?: string) => void;
  /** At most so many rows in one transaction. */
  readonly rowsMax: number;
}

const ALL_SEQS: SeqRanges = [[1, Number.MAX_SAFE_INTEGER]];

type ShedEvent = Extract<FlowEvent, { type: 'reading.shed' }>;

export interface Shedding {
  /**
   * Sets the oldest of the rows that are there aside for every destination, if the outbox is too large:
   * they are offered to nobody any more, and leave with the next trim. Inside a transaction.
   */
  step(present: SeqRange | undefined): void;
  /** What has been shed since the last commit. */
  committed(): readonly ShedEvent[];
  rolledBack(): void;
}

export function createShedding(deps: SheddingDeps): Shedding {
  const { bounds, destinations, acknowledgements, streams, declare } = deps;
  let aside: { readonly destination: string; readonly seqs: SeqRanges }[] = [];
  let events: ShedEvent[] = [];

  /** To the ledger: what nobody will get once for all, and what only some lack for each of them. */
  function account(missing: typeof aside): void {
    const nobodyHas = missing.reduce<SeqRanges>((all, { seqs }) => intersection(all, seqs), ALL_SEQS);
    declare(nobodyHas, 'shed');
    for (const { destination, seqs } of missing) declare(difference(seqs, nobodyHas), 'shed', destination);
  }

  return {
    step(present) {
      if (present === undefined || destinations.length === 0) return;
      const excess = bounds.excess();
      if (excess === undefined) return;
      const range = oldestWorth(excess, present, deps.rowsMax);
      const missing = destinations.map((destination) => ({
        destination,
        seqs: difference([range], acknowledgements.of(destination)),
      }));
      for (const { destination, seqs } of missing) acknowledgements.note(destination, seqs);
      aside.push(...missing);
      account(missing);
      const given = missing.reduce<SeqRanges>((all, { seqs }) => union(all, seqs), NO_SEQS);
      for (const { stream, seqs } of streams.split(given)) {
        for (const [lo, hi] of seqs)
          events.push({ type: 'reading.shed', stream, lo, hi, cause: excess.bound });
      }
    },
    committed() {
      const done = events;
      aside = [];
      events = [];
      return done;
    },
    rolledBack() {
      for (const { destination, seqs } of aside) acknowledgements.withdraw(destination, seqs);
      aside = [];
      events = [];
    },
  };
}

/** At least one row, at most `rowsMax`: as many as take up the excess on average. */
function oldestWorth(excess: Excess, [lo, hi]: SeqRange, rowsMax: number): SeqRange {
  const bytesPerRow = excess.ofBytes / (hi - lo + 1);
  const rows = Math.min(rowsMax, Math.max(1, Math.ceil(excess.bytes / bytesPerRow)));
  return [lo, Math.min(hi, lo + rows - 1)];
}
