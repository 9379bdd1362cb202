/**
 * Shedding: the oldest rows of a tier are given up when thinning makes no more room. What not every destination
 * has goes to the ledger in the same commit, and is never counted as delivered.
 */

import type { FlowEvent } from '../flow-event.ts';
import type { BoundName } from './bounds.ts';
import type { Extent } from './extents.ts';
import type { GivingUp } from './giving-up.ts';
import type { Streams } from './streams.ts';

type ShedEvent = Extract<FlowEvent, { type: 'reading.shed' }>;

export interface SheddingDeps {
  readonly streams: Pick<Streams, 'split'>;
  readonly givingUp: Pick<GivingUp, 'giveUp'>;
  /** At most so many rows in one transaction. */
  readonly rowsMax: number;
}

/** Gives up at least one row, at most `rowsMax`: as many as take up `bytes` on average. Inside a transaction. */
export type Shed = (extent: Extent, bytes: number, cause: BoundName) => readonly ShedEvent[];

export function createShedding({ streams, givingUp, rowsMax }: SheddingDeps): Shed {
  return ({ tier, firstSeq, nextSeq }, bytes, cause) => {
    const rows = Math.min(rowsMax, Math.max(1, Math.ceil(bytes / tier.rowBytes)));
    const given = givingUp.giveUp([[firstSeq, Math.min(nextSeq, firstSeq + rows) - 1]], 'shed');
    return streams
      .split(given)
      .flatMap(({ stream, seqs }) =>
        seqs.map(([lo, hi]): ShedEvent => ({ type: 'reading.shed', stream, lo, hi, cause })),
      );
  };
}
