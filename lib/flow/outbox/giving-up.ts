/**
 * Seqs that those who lack them will never get: offered to nobody any more, named in the ledger, and gone with the
 * next trim. In memory it is undone if the commit that it belongs to fails.
 */

import { difference, intersection, NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import type { Acknowledgements } from './acknowledgements.ts';

export type GivenUpCause = 'shed' | 'thinned' | 'corrupt';

export interface GivingUpDeps {
  readonly destinations: readonly string[];
  readonly acknowledgements: Pick<Acknowledgements, 'of' | 'note' | 'withdraw'>;
  /** Writes to the ledger, inside the transaction at hand; without a destination for all of them. */
  readonly declare: (seqs: SeqRanges, cause: GivenUpCause, destination?: string) => void;
}

export interface GivingUp {
  /** Returns what somebody lacked. Inside a transaction. */
  giveUp(seqs: SeqRanges, cause: GivenUpCause): SeqRanges;
  /** The same for one destination alone. */
  giveUpFor(destination: string, seqs: SeqRanges, cause: GivenUpCause): void;
  committed(): void;
  rolledBack(): void;
}

const ALL_SEQS: SeqRanges = [[1, Number.MAX_SAFE_INTEGER]];

export function createGivingUp({ destinations, acknowledgements, declare }: GivingUpDeps): GivingUp {
  let aside: { readonly destination: string; readonly seqs: SeqRanges }[] = [];

  function setAside(destination: string, seqs: SeqRanges) {
    const missing = { destination, seqs: difference(seqs, acknowledgements.of(destination)) };
    acknowledgements.note(destination, missing.seqs);
    aside.push(missing);
    return missing;
  }

  return {
    giveUp(seqs, cause) {
      const missing = destinations.map((destination) => setAside(destination, seqs));
      // What nobody will get once for all, and what only some lack for each of them.
      const nobodyHas = missing.reduce<SeqRanges>((all, one) => intersection(all, one.seqs), ALL_SEQS);
      declare(nobodyHas, cause);
      for (const one of missing) declare(difference(one.seqs, nobodyHas), cause, one.destination);
      return missing.reduce<SeqRanges>((all, one) => union(all, one.seqs), NO_SEQS);
    },
    giveUpFor(destination, seqs, cause) {
      declare(setAside(destination, seqs).seqs, cause, destination);
    },
    committed() {
      aside = [];
    },
    rolledBack() {
      for (const { destination, seqs } of aside) acknowledgements.withdraw(destination, seqs);
      aside = [];
    },
  };
}
