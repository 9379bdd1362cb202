/**
 * One delivery attempt of either lane, and all that follows from its outcome:
 *
 *   stored         acknowledge what was named, bury what was refused by name for good, and put off
 *                  what was refused for now (a time in the future, a store that takes no more series)
 *   refused        nothing here: the backfill lane looks for the reading that is to blame
 *   misconfigured  keep everything and rest for the longest pause: a person must look
 *   unavailable    keep everything; the breaker counts, and a Retry-After is honoured
 *
 * It also keeps what the lanes share: the breaker, the rest between attempts, and which seqs are in
 * flight, so that the lanes never send the same reading at the same time.
 */

import { longestStep, PAUSE_STEPS_MS, pauseMs } from '../../base/ladder.ts';
import type { Lane, OutcomeKind, World } from '../flow-event.ts';
import type { Outbox, OutgoingBatch } from '../outbox/outbox.ts';
import { isRefusedForNow } from '../reading.ts';
import {
  countOf,
  difference,
  NO_SEQS,
  normalized,
  rangesOfSeqs,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { Breaker } from './breaker.ts';
import { type Deliver, type DeliveryOutcome, namedIn } from './delivery-outcome.ts';
import { unlessDiskFails } from './unless-disk-fails.ts';

export interface DeliveryDeps {
  readonly name: string;
  readonly outbox: Outbox;
  readonly world: World;
  readonly breaker: Breaker;
  readonly deliver: Readonly<Record<Lane, Deliver>>;
  /** Until when nothing may be sent whatever waits, in monotonic ms. */
  readonly quietUntilMono: () => number;
}

export interface DeliveryOptions {
  readonly deadlineMs: Readonly<Record<Lane, number>>;
  readonly stepsMs?: readonly number[];
}

/** An attempt that was made and answered, or timed out. */
export interface Delivered {
  readonly outcome: DeliveryOutcome;
  readonly durationMs: number;
  readonly bytes: number;
  /** Whether every reading of the batch has been dealt with: stored, recognised or buried. */
  readonly complete: boolean;
}

export interface LastOutcome {
  readonly kind: OutcomeKind;
  readonly reason: string;
  readonly at: number;
}

export interface DeliveryCounters {
  readonly batches: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly buried: number;
  readonly failures: number;
}

export interface Delivery {
  /** `undefined`: the breaker did not let it through, or it was abandoned because we are stopping. */
  send(lane: Lane, batch: OutgoingBatch, stopping: AbortSignal): Promise<Delivered | undefined>;

  /** Buries one reading. `false` if the disk did not take it; then it stays in the outbox. */
  bury(stream: string, refusal: { seq: number; code: string; message: string }): boolean;

  /** Keeps both lanes quiet for the longest pause. */
  restLong(): void;
  endRest(): void;

  /** When the next attempt may be made: after the breaker's pause, the rest and the quiet hours. */
  dueMono(): number;

  inFlight(lane: Lane): SeqRanges;
  /** Readings that were refused for now: not to be sent until their time has come. */
  putOff(): SeqRanges;
  /** Monotonic time of the last `unavailable`, if nothing has been delivered since. */
  failedMono(): number | undefined;
  counters(): DeliveryCounters;
  last(): LastOutcome | undefined;
}

const AT_ONCE = Number.NEGATIVE_INFINITY;

/** A clock that is ahead, or a store at its limit, takes minutes or a person to mend. */
const PUT_OFF_MS = 60_000;
/** Each costs a comparison with every pick. Beyond this it is not single readings that are wrong: then all rest. */
const PUT_OFF_RANGES_MAX = 1_000;

export function createDelivery(deps: DeliveryDeps, options: DeliveryOptions): Delivery {
  const { name, outbox, world, breaker } = deps;
  const { clock, observe } = world;
  const stepsMs = options.stepsMs ?? PAUSE_STEPS_MS;
  const inFlight: Record<Lane, SeqRanges> = { live: NO_SEQS, backfill: NO_SEQS };
  const counters = { batches: 0, stored: 0, duplicate: 0, buried: 0, failures: 0 };
  let restEndsMono = AT_ONCE;
  let failedMono: number | undefined;
  let last: LastOutcome | undefined;
  let putOff = { seqs: NO_SEQS, untilMono: AT_ONCE };

  function rest(step: number, retryAfterMs?: number): void {
    const ms = pauseMs(step, { stepsMs, fraction: world.random.fraction(), retryAfterMs });
    restEndsMono = clock.monotonicMs() + ms;
  }

  function bury(
    stream: string,
    refusals: readonly { seq: number; code: string; message: string }[],
  ): boolean {
    if (refusals.length === 0) return true;
    if (!unlessDiskFails(() => outbox.bury(name, stream, refusals))) {
      rest(longestStep(stepsMs)); // They stay, and would be sent and refused again without end.
      return false;
    }
    counters.buried += refusals.length;
    return true;
  }

  function noteCorrected(stream: string, seqs: SeqRanges): void {
    outbox.noteCorrected(name, seqs);
    observe({ type: 'reading.corrected', destination: name, stream, seqs });
  }

  function waitFor(refusals: readonly { seq: number }[]): void {
    if (refusals.length === 0) return;
    const before = stillPutOff();
    const seqs = union(before, rangesOfSeqs(refusals.map((one) => one.seq)));
    if (seqs.length > PUT_OFF_RANGES_MAX) {
      rest(longestStep(stepsMs));
      return;
    }
    // Those that come later are tried again with the first: one each round would otherwise put all off for ever.
    const untilMono = before.length > 0 ? putOff.untilMono : clock.monotonicMs() + PUT_OFF_MS;
    putOff = { seqs, untilMono };
  }

  function stillPutOff(): SeqRanges {
    return clock.monotonicMs() < putOff.untilMono ? putOff.seqs : NO_SEQS;
  }

  /** The table of the opening comment. Returns which seqs have been dealt with. */
  function settle(batch: OutgoingBatch, outcome: DeliveryOutcome): SeqRanges {
    switch (outcome.kind) {
      case 'stored': {
        const { stored, duplicate, refused } = outcome.answer;
        const later = refused.filter((one) => isRefusedForNow(one.code));
        outbox.acknowledge(name, batch.stream, union(normalized(stored), normalized(duplicate)));
        if (batch.goneUpTo !== undefined) outbox.noteTold(name, batch.goneUpTo);
        if (batch.corrects !== undefined) noteCorrected(batch.stream, batch.corrects);
        counters.stored += countOf(stored);
        counters.duplicate += countOf(duplicate);
        failedMono = undefined;
        bury(batch.stream, later.length === 0 ? refused : refused.filter((one) => !later.includes(one)));
        waitFor(later);
        return namedIn(outcome.answer);
      }
      case 'misconfigured':
        rest(longestStep(stepsMs));
        return NO_SEQS;
      case 'unavailable':
        counters.failures += 1;
        failedMono = clock.monotonicMs();
        if (breaker.status().state === 'closed' && outcome.retryAfterMs !== undefined) {
          restEndsMono = failedMono + retryPause(outcome.retryAfterMs);
        }
        return NO_SEQS;
      case 'refused':
        failedMono = undefined;
        return NO_SEQS;
    }
  }

  /** While closed there is no step yet: only what the server asked for. */
  function retryPause(retryAfterMs: number): number {
    return pauseMs(0, { stepsMs: [0], fraction: world.random.fraction(), retryAfterMs });
  }

  return {
    async send(lane, batch, stopping) {
      const bytes = Buffer.byteLength(batch.body);
      const startMono = clock.monotonicMs();
      inFlight[lane] = batch.seqs;
      let outcome: DeliveryOutcome | undefined;
      try {
        outcome = await breaker.fire(async () => {
          const answered = await deps.deliver[lane](batch, options.deadlineMs[lane], stopping);
          // A request that we cut short ourselves says nothing about the destination.
          return stopping.aborted && answered.kind === 'unavailable' ? undefined : answered;
        });
      } finally {
        inFlight[lane] = NO_SEQS;
      }
      if (outcome === undefined) return undefined;

      const durationMs = clock.monotonicMs() - startMono;
      const complete = difference(batch.seqs, settle(batch, outcome)).length === 0;
      counters.batches += 1;
      const [kind, reason, at] = [outcome.kind, reasonOf(outcome), clock.wallMs()];
      if (last?.kind !== kind || last.reason !== reason) {
        unlessDiskFails(() => outbox.noteOutcome(name, { kind, reason, sinceAt: at }));
      }
      last = { kind, reason, at };
      observe({
        type: 'batch.delivered',
        destination: name,
        lane,
        outcome: kind,
        rows: batch.rows,
        bytes,
        stored: outcome.kind === 'stored' ? countOf(outcome.answer.stored) : 0,
        duplicate: outcome.kind === 'stored' ? countOf(outcome.answer.duplicate) : 0,
        durationMs: Math.round(durationMs),
        ...(reason === '' ? {} : { reason }),
      });
      return { outcome, durationMs, bytes, complete };
    },
    bury: (stream, refusal) => bury(stream, [refusal]),
    restLong: () => rest(longestStep(stepsMs)),
    endRest() {
      restEndsMono = AT_ONCE;
      failedMono = undefined;
      putOff = { seqs: NO_SEQS, untilMono: AT_ONCE };
    },
    dueMono: () => Math.max(breaker.dueMono(), restEndsMono, deps.quietUntilMono()),
    inFlight: (lane) => inFlight[lane],
    putOff: stillPutOff,
    failedMono: () => failedMono,
    counters: () => ({ ...counters }),
    last: () => last,
  };
}

function reasonOf(outcome: DeliveryOutcome): string {
  switch (outcome.kind) {
    case 'stored': {
      const later = outcome.answer.refused.find((one) => isRefusedForNow(one.code));
      return later === undefined ? '' : `refused for now: ${later.code}: ${later.message}`;
    }
    case 'refused':
      return `${outcome.code}: ${outcome.message}`;
    case 'misconfigured':
    case 'unavailable':
      return outcome.reason;
  }
}
