/**
 * Finds the reading for which a whole batch is turned away (bisect.ts), from the answers to what the backfill lane
 * sends, and decides what becomes of it: refused alone by a write API of ours it is buried; failed on alone
 * (HTTP 500) it is set aside first (aside.ts).
 */

import type { Clock } from '../../base/clock.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import type { SeqRanges } from '../seq-ranges.ts';
import { createAside } from './aside.ts';
import { narrowed, type Suspects, suspectsIn } from './bisect.ts';
import type { Delivery } from './delivery.ts';

/** From among what a batch of readings was picked: the backlog, the suspects, what is set aside. */
export type PickedFrom = 'drain' | 'bisect' | 'retry';

export interface BlameDeps {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly delivery: Pick<Delivery, 'bury' | 'restLong' | 'counters'>;
}

export interface Blame {
  /** Readings among which one is to blame for a batch that was turned away. */
  suspects(): Suspects | undefined;

  /** The same, if they make the API fail; otherwise it refuses them, which is no failure. */
  poisonous(): Suspects | undefined;

  /** None of the suspects is there any more. */
  dropSuspects(): void;

  /** What is set aside: no part of any other batch. */
  aside(): SeqRanges;

  /** A reading that was set aside and is to be tried again, and when to look for one. */
  retryDue(nowMono: number): number | undefined;
  nextRetryMono(): number | undefined;
  /** It is not there any more. */
  forgetAside(seq: number): void;

  /** The batch was stored; `complete`: every reading of it has been dealt with. */
  stored(batch: OutgoingBatch, from: PickedFrom, complete: boolean): void;

  /** The batch was refused as a whole. */
  refused(batch: OutgoingBatch, from: PickedFrom, why: Refused): void;

  /** The API failed on the batch, and on nothing else that we know of. */
  failedInside(batch: OutgoingBatch, from: PickedFrom, reason: string): void;
}

interface Refused {
  readonly code: string;
  readonly message: string;
  /** Half as much may be taken: nobody is to blame, unless it is one reading. */
  readonly tooLarge: boolean;
}

/** So many burials with nothing accepted in between point at a disagreement, not at the readings: then one a minute. */
const BURIED_IN_A_ROW_MAX = 50;

export function createBlame({ clock, delivery }: BlameDeps): Blame {
  const aside = createAside();
  let suspects: Suspects | undefined;
  let isPoisonous = false;
  let buriedInARow = { count: 0, deliveredThen: 0 };

  const delivered = () => {
    const { stored, duplicate } = delivery.counters();
    return stored + duplicate;
  };

  function suspect(batch: OutgoingBatch, from: PickedFrom, fails: boolean): void {
    const within = from === 'bisect' ? suspects : undefined;
    suspects = within === undefined ? suspectsIn(batch) : narrowed(within, batch, false);
    isPoisonous = fails;
  }

  function bury(batch: OutgoingBatch, from: PickedFrom, { code, message }: Refused): void {
    const seq = firstSeq(batch);
    if (from === 'bisect') suspects = undefined; // Found.
    aside.forget(seq);
    delivery.bury(batch.stream, { seq, code, message });
    const count = delivered() === buriedInARow.deliveredThen ? buriedInARow.count + 1 : 1;
    buriedInARow = { count, deliveredThen: delivered() };
    if (count >= BURIED_IN_A_ROW_MAX) delivery.restLong();
  }

  function setAside(batch: OutgoingBatch, from: PickedFrom, reason: string): void {
    const seq = firstSeq(batch);
    if (from === 'bisect') suspects = undefined; // Found.
    if (!aside.failed(seq, clock.monotonicMs(), delivered())) return;
    delivery.bury(batch.stream, {
      seq,
      code: 'SERVER_ERROR',
      message: `the write API failed on this reading alone, again and again, while it stored others: ${reason}`,
    });
  }

  return {
    suspects: () => suspects,
    poisonous: () => (isPoisonous ? suspects : undefined),
    dropSuspects() {
      suspects = undefined;
    },
    aside: aside.seqs,
    retryDue: (nowMono) => aside.due(nowMono, delivered()),
    nextRetryMono: () => aside.nextMono(delivered()),
    forgetAside: aside.forget,
    stored(batch, from, complete) {
      if (from === 'bisect' && suspects !== undefined) suspects = narrowed(suspects, batch, true);
      if (from === 'retry' && complete) aside.forget(firstSeq(batch));
    },
    refused(batch, from, why) {
      if (batch.rows === 1) bury(batch, from, why);
      else if (!why.tooLarge) suspect(batch, from, false);
    },
    failedInside(batch, from, reason) {
      // Those that are aside go on to be counted: nothing else makes room for others.
      if (aside.full && from !== 'retry') return;
      if (batch.rows === 1) setAside(batch, from, reason);
      else suspect(batch, from, true);
    },
  };
}

function firstSeq(batch: OutgoingBatch): number {
  const first = batch.seqs[0];
  if (first === undefined) throw new TypeError('a batch without readings was picked');
  return first[0];
}
