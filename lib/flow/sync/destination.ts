/**
 * One place that readings are delivered to, with everything of its own: breaker, ladder, lanes,
 * acknowledged ranges. Destinations share nothing but the outbox, so one that has been dead for a week
 * costs the others nothing.
 *
 *   append -> nudge() -> live lane -----+
 *                                       +--> breaker --> deliver --> settle in the outbox
 *   while there is a backlog, backfill -+
 */

import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { Quiet, QuietHours } from '../../base/quiet-hours.ts';
import type { Lane, World } from '../flow-event.ts';
import type { Backlog, Outbox } from '../outbox/outbox.ts';
import { countOf } from '../seq-ranges.ts';
import {
  BACKFILL_TURN_MS,
  type BackfillLaneOptions,
  type BackfillLaneStatus,
  createBackfillLane,
} from './backfill-lane.ts';
import { type BreakerOptions, type BreakerStatus, createBreaker } from './breaker.ts';
import { createDelivery, type DeliveryCounters, type LastOutcome } from './delivery.ts';
import type { Deliver } from './delivery-outcome.ts';
import { createLiveLane } from './live-lane.ts';
import { createQuietDelivery } from './quiet-delivery.ts';

export interface DestinationDeps {
  /** Names it in the outbox, in events and in settings. */
  readonly name: string;
  readonly outbox: Outbox;
  /** One port for both lanes, or one each, so that neither waits for the other's connection. */
  readonly deliver: Deliver | Readonly<Record<Lane, Deliver>>;
  readonly world: World;
  readonly pulse: Pulse;
}

export interface DestinationOptions extends BreakerOptions, Partial<BackfillLaneOptions> {
  /** Total deadline of a round. */
  readonly liveDeadlineMs?: number;
  /** Total deadline of a batch of backlog. */
  readonly backfillDeadlineMs?: number;
  /** When it is sent nothing. */
  readonly quiet?: QuietHours | undefined;
}

export interface DestinationStatus {
  readonly name: string;
  readonly breaker: BreakerStatus;
  /** How long until the next attempt may be made, in milliseconds; 0 if at once, `undefined` while held. */
  readonly nextTryInMs: number | undefined;
  /** It is sent nothing at present, because it has its quiet hours. */
  readonly quiet?: Quiet;
  readonly backlog: Backlog;
  /** Readings on their way, by lane. */
  readonly inFlight: Readonly<Record<Lane, number>>;
  readonly lastOutcome: LastOutcome | undefined;
  readonly counters: DeliveryCounters;
  readonly backfill: BackfillLaneStatus;
}

export interface Destination {
  readonly name: string;
  readonly live: Loop;
  readonly backfill: Loop;

  /** A round has been appended. */
  nudge(): void;

  /** Ends every pause: the other side has said that it is back, or a person wants to know now. Not a hold. */
  probeNow(): void;

  /** Stops delivering until `release`, restarts included. */
  hold(why: string): void;
  release(): void;

  status(): DestinationStatus;

  /** Drops what the breaker holds in memory. After both loops have ended. */
  close(): void;
}

/** An interval: a round that takes longer would hold up the next one. */
const LIVE_DEADLINE_MS = 10_000;
/** A full batch on a slow card and a slow line. */
const BACKFILL_DEADLINE_MS = 30_000;
/** Beyond this an API on a Pi is doing more than it can: a thousand rows take it about 50 ms. */
const LATENCY_TARGET_MS = 2_000;
/** Picking and settling are SQLite calls of milliseconds, each within its busy timeout of 250 ms. */
const BOOKKEEPING_MAX_MS = 5_000;

export function createDestination(deps: DestinationDeps, options: DestinationOptions = {}): Destination {
  const { name, outbox, world, pulse } = deps;
  const { clock } = world;
  const deliver =
    typeof deps.deliver === 'function' ? { live: deps.deliver, backfill: deps.deliver } : deps.deliver;
  const deadlineMs = {
    live: options.liveDeadlineMs ?? LIVE_DEADLINE_MS,
    backfill: options.backfillDeadlineMs ?? BACKFILL_DEADLINE_MS,
  };
  const steps = options.stepsMs === undefined ? {} : { stepsMs: options.stepsMs };

  const breaker = createBreaker(
    {
      name,
      world,
      load: () => outbox.breaker(name),
      save: (record) => outbox.saveBreaker(name, record),
    },
    options,
  );
  const quiet = createQuietDelivery(name, options.quiet, world.observe);
  const delivery = createDelivery(
    { name, outbox, world, breaker, deliver, quietUntilMono: quiet.untilMono },
    { deadlineMs, ...steps },
  );
  const liveLane = createLiveLane({
    name,
    outbox,
    clock,
    delivery,
    everyMs: options.everyMs,
    onRested: () => backfill.nudge(),
  });
  const backfillLane = createBackfillLane(
    {
      name,
      outbox,
      clock,
      observe: world.observe,
      delivery,
      live: liveLane,
      closed: () => breaker.status().state === 'closed',
      onRested: () => {
        if (liveLane.wants()) live.nudge();
      },
    },
    {
      order: options.order ?? 'oldest',
      drainShare: options.drainShare ?? 1,
      latencyTargetMs: options.latencyTargetMs ?? LATENCY_TARGET_MS,
      everyMs: options.everyMs,
    },
  );

  const live = createLoop({
    name: `live ${name}`,
    clock,
    pulse,
    turnMaxMs: deadlineMs.live + BOOKKEEPING_MAX_MS,
    turn(stopping) {
      // Each round wakes this lane, so it is the one that sees when they begin and end.
      quiet.look();
      return liveLane.turn(stopping);
    },
  });
  const backfill = createLoop({
    name: `backfill ${name}`,
    clock,
    pulse,
    turnMaxMs: BACKFILL_TURN_MS + deadlineMs.backfill + BOOKKEEPING_MAX_MS,
    turn: backfillLane.turn,
  });

  function wakeBoth(): void {
    live.nudge();
    backfill.nudge();
  }

  return {
    name,
    live,
    backfill,
    nudge() {
      liveLane.freshen();
      live.nudge();
    },
    probeNow() {
      breaker.probeNow();
      delivery.endRest();
      wakeBoth();
    },
    hold(why) {
      breaker.hold(why);
    },
    release() {
      breaker.release();
      wakeBoth();
    },
    status() {
      const waitMs = Math.max(0, delivery.dueMono() - clock.monotonicMs());
      const now = quiet.now();
      return {
        name,
        breaker: breaker.status(),
        nextTryInMs: Number.isFinite(waitMs) ? Math.ceil(waitMs) : undefined,
        ...(now && { quiet: now }),
        backlog: outbox.backlog(name),
        inFlight: {
          live: countOf(delivery.inFlight('live')),
          backfill: countOf(delivery.inFlight('backfill')),
        },
        lastOutcome: delivery.last(),
        counters: delivery.counters(),
        backfill: backfillLane.status(),
      };
    },
    close: () => breaker.close(),
  };
}
