/**
 * The backfill lane ("backup sync") sends what the live lane has left behind, in bounded batches whose
 * size adapts, for as long as there is a backlog. It never starts a request while a fresh round waits
 * or is on its way, so a drain of any length costs a round at most one request of its time; and of a
 * destination that must be probed, the live lane is the one to ask. While a batch of a drain is being
 * answered, the next one is made; it goes out only if all of the first was stored. Where a whole batch
 * is turned away, it sends what finds the reading that is to blame (blame.ts).
 */

import type { Clock } from '../../base/clock.ts';
import type { Observe } from '../flow-event.ts';
import type { BatchPick, Outbox, OutgoingBatch } from '../outbox/outbox.ts';
import { RAW } from '../outbox/tiers.ts';
import { countOf, NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import { BATCH_SIZE_START, type BatchSize, grown, halved } from './batch-size.ts';
import { rowsToTry } from './bisect.ts';
import { createBlame, type PickedFrom } from './blame.ts';
import type { Delivered, Delivery } from './delivery.ts';
import { createDrain, type DrainStatus } from './drain.ts';
import type { LiveLane } from './live-lane.ts';
import { unlessDiskFails } from './unless-disk-fails.ts';

export interface BackfillLaneDeps {
  readonly name: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly delivery: Delivery;
  readonly live: Pick<LiveLane, 'wants' | 'cursor'>;
  /** Whether the breaker is closed: if not, the next request is a probe. */
  readonly closed: () => boolean;
  /** A request is over: the live lane, which the probe may have kept out, may go on. */
  readonly onRested: () => void;
}

export interface BackfillLaneOptions {
  readonly order: 'oldest' | 'newest';
  /** How much of the time to spend sending, 0.05 to 1: at 0.5 it rests as long as each request took. */
  readonly drainShare: number;
  /** An answer later than this means that the batch was too large. */
  readonly latencyTargetMs: number;
  /** Between two looks when nobody wakes it; a minute if left out. */
  readonly everyMs?: number | undefined;
}

export interface BackfillLaneStatus {
  readonly size: BatchSize;
  /** Readings among which one is to blame for a batch turned away. */
  readonly suspects: number;
  readonly aside: number;
  /** While a backlog drains. */
  readonly drain: DrainStatus | undefined;
}

export interface BackfillLane {
  turn(stopping: AbortSignal): Promise<number>;
  status(): BackfillLaneStatus;
}

/** The pace of "backup sync" while deliveries fail. */
const RETRY_MS = 5_000;
/** The live lane wakes it after each round; this look is for everything else. */
const EVERY_MS = 60_000;
/** A turn ends after this and one more request, so that the loop can show that it moves. */
export const BACKFILL_TURN_MS = 10_000;
/** Slower than a twentieth of the time would make a drain of a week last five months. */
const DRAIN_SHARE_MIN = 0.05;
/** What a batch was picked for; `ledger` carries no readings, but what will never come or was wrong. */
type Purpose = PickedFrom | 'ledger';

export function createBackfillLane(deps: BackfillLaneDeps, options: BackfillLaneOptions): BackfillLane {
  const { name, outbox, clock, delivery, live } = deps;
  const { everyMs = EVERY_MS } = options;
  const drainShare = Math.min(1, Math.max(DRAIN_SHARE_MIN, options.drainShare));
  const blame = createBlame(deps);
  const drain = createDrain({ ...deps, share: drainShare });
  let size = BATCH_SIZE_START;
  let pacedUntilMono = 0;
  /** The batch after the one on its way, made while that one is answered: a fifth of a drain's time. */
  let ahead: OutgoingBatch | undefined;
  /** A store that will not hear the ledger is asked again now and then, and gets its readings all the same. */
  let ledgerDueMono = 0;

  /** When the next request may start; not later than now if at once. */
  function startMono(nowMono: number): number {
    const failedMono = delivery.failedMono();
    return Math.max(
      delivery.dueMono(),
      pacedUntilMono,
      failedMono === undefined || !deps.closed() ? 0 : failedMono + RETRY_MS,
      live.wants() ? nowMono + RETRY_MS : 0,
    );
  }

  function pick(from: Partial<BatchPick>): OutgoingBatch | undefined {
    return outbox.batch(name, {
      order: 'oldest',
      rowsMax: size.rows,
      bytesMax: size.bytes,
      ...from,
      except: union(from.except ?? NO_SEQS, delivery.inFlight('live')),
    });
  }

  /** What waits for its own time. */
  const hidden = () => union(blame.aside(), delivery.putOff());
  /** The live lane has not tried these yet. Of thinned readings it tries none. */
  const fresh = (): SeqRanges => [[live.cursor() + 1, RAW.space[1]]];

  function next(nowMono: number): { batch: OutgoingBatch; purpose: Purpose } | undefined {
    const hears = deps.closed() && nowMono >= ledgerDueMono;
    const news = hears ? (outbox.goneBatch(name) ?? outbox.correctionBatch(name)) : undefined;
    if (news !== undefined) return { batch: news, purpose: 'ledger' };
    // A probe of rows that make the API fail would keep the breaker open although the API is well.
    const avoided = deps.closed() ? undefined : blame.poisonous();
    if (avoided !== undefined) {
      const except = union(union(hidden(), fresh()), [avoided.within]);
      const batch = pick({ order: options.order, except, rowsMax: 1 });
      if (batch !== undefined) return { batch, purpose: 'drain' };
    }
    const suspects = blame.suspects();
    if (suspects !== undefined) {
      const rowsMax = Math.min(rowsToTry(suspects), size.rows);
      const batch = pick({ within: suspects.within, except: hidden(), rowsMax });
      if (batch !== undefined) return { batch, purpose: 'bisect' };
      blame.dropSuspects(); // Gone by other ways, shed for instance.
    }
    const due = deps.closed() ? blame.retryDue(nowMono) : undefined;
    if (due !== undefined) {
      const batch = pick({ within: [due, due], rowsMax: 1 });
      if (batch !== undefined) return { batch, purpose: 'retry' };
      blame.forgetAside(due);
    }
    const batch = ahead ?? pick({ order: options.order, except: union(hidden(), fresh()) });
    return batch === undefined ? undefined : { batch, purpose: 'drain' };
  }

  /** While a request is on its way: what the answers before it have earned, and the batch after it. */
  function prepare(present: OutgoingBatch, purpose: Purpose): void {
    drain.flushIfDue();
    if (purpose !== 'drain' || !deps.closed()) return;
    const except = union(union(hidden(), fresh()), present.seqs);
    unlessDiskFails(() => {
      ahead = pick({ order: options.order, except });
    });
  }

  /**
   * The preparing waits a moment: a request is only written to its socket after the present turn of the
   * event loop, and would otherwise leave when the preparing is done instead of before it.
   */
  async function sendAndPrepare(batch: OutgoingBatch, purpose: Purpose, stopping: AbortSignal) {
    const answered = new AbortController();
    const sending = delivery.send('backfill', batch, stopping).finally(() => answered.abort());
    // A file that turns out to be damaged fails both, and with the preparing this turn is over.
    sending.catch(() => {});
    await clock.sleep(`prepare ${name}`, 0, answered.signal);
    if (!answered.signal.aborted) prepare(batch, purpose);
    return sending;
  }

  function learn(batch: OutgoingBatch, purpose: Purpose, result: Delivered): void {
    const { outcome, durationMs } = result;
    if (purpose === 'ledger') {
      if (outcome.kind !== 'stored') ledgerDueMono = clock.monotonicMs() + everyMs;
      return;
    }
    const sent = { rows: batch.rows, bytes: result.bytes };
    switch (outcome.kind) {
      case 'stored':
        size = durationMs > options.latencyTargetMs ? halved(size, sent) : grown(size, sent);
        blame.stored(batch, purpose, result.complete);
        pacedUntilMono = clock.monotonicMs() + (durationMs * (1 - drainShare)) / drainShare;
        drain.delivered(countOf(outcome.answer.stored) + countOf(outcome.answer.duplicate), durationMs);
        return;
      case 'refused':
        if (outcome.tooLarge) size = halved(size, sent);
        blame.refused(batch, purpose, outcome);
        return;
      case 'unavailable':
        if (outcome.overloaded) size = halved(size, sent);
        if (outcome.failedInside) blame.failedInside(batch, purpose, outcome.reason);
        return;
      case 'misconfigured':
        return;
    }
  }

  return {
    async turn(stopping) {
      const turnEndsMono = clock.monotonicMs() + BACKFILL_TURN_MS;
      for (;;) {
        const nowMono = clock.monotonicMs();
        const start = startMono(nowMono);
        if (start > nowMono) return Math.min(start, nowMono + everyMs);

        const picked = next(nowMono);
        if (picked === undefined) {
          drain.end();
          return Math.max(
            nowMono + RETRY_MS,
            Math.min(blame.nextRetryMono() ?? Number.POSITIVE_INFINITY, nowMono + everyMs),
          );
        }
        ahead = undefined;
        const { batch, purpose } = picked;
        const result = await sendAndPrepare(batch, purpose, stopping);
        deps.onRested();
        // It was made in the belief that all goes well; otherwise sizes and suspects have changed.
        if (result?.outcome.kind !== 'stored' || !result.complete) ahead = undefined;
        if (stopping.aborted || result === undefined) return clock.monotonicMs() + RETRY_MS;
        learn(batch, purpose, result);
        drain.answered(batch.rows);
        if (clock.monotonicMs() >= turnEndsMono) return clock.monotonicMs();
      }
    },
    status: () => ({
      size,
      suspects: blame.suspects()?.rows ?? 0,
      aside: countOf(blame.aside()),
      drain: drain.status(),
    }),
  };
}
