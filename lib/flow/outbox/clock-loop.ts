/**
 * Looks after the clock that readings are stamped by: asks who vouches for it while nobody has or when it has
 * jumped, and once it is trusted gives the readings of this boot their true times, a bounded step at a time.
 * While the clock is trusted and stays where it is, all this costs one comparison for each reading.
 */

import { isDiskCondition } from '../../base/disk-condition.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import {
  type ClockTrust,
  type ClockVerdict,
  createSteadyWall,
  type SteadyWall,
  type WallChange,
} from '../../base/steady-wall.ts';
import type { World } from '../flow-event.ts';
import { countOf } from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';

export interface ClockLoopDeps {
  readonly trust: ClockTrust;
  readonly outbox: Pick<Outbox, 'clock'>;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly pulse: Pulse;
  /** What monotonic times count from at present: another boot after the machine has slept. */
  readonly bootId: () => string;
  /** How long the machine has slept in this boot. */
  readonly suspendedMs: () => number;
  /** How long the outbox keeps readings back for a trusted clock. */
  readonly holdMs: number;
  /** Between two looks at a clock that nobody vouches for; 2 s if left out. */
  readonly everyMs?: number | undefined;
  /** Rows that were kept back may go, or destinations can be told more. */
  readonly onReleased: () => void;
}

export interface ClockStatus {
  readonly trusted: boolean;
  /** Who vouches for it, or why nobody does. */
  readonly why: string;
  /**
   * How far the machine's clock is from the one that readings are stamped by; 0 but after a jump that nobody vouched
   * for.
   */
  readonly jumpedMs: number;
  /** Readings that wait for a trusted clock, and at most for how long still. */
  readonly heldRows: number;
  readonly heldForMs: number;
}

export interface ClockLoop extends Loop {
  /** What readings are stamped by. */
  readonly wall: SteadyWall;
  /** Asks at once, before the first reading: so that a clock which is right never marks any. */
  look(): Promise<void>;
  status(): ClockStatus;
}

/** A file that appears is seen at once by human measure. */
const UNTRUSTED_LOOK_MS = 2_000;
/** Readings notice a jump themselves; this is for when there are none. */
const TRUSTED_LOOK_MS = 60_000;
/** Between two steps of mending: leaves most of the time to the rounds. */
const STEP_PAUSE_MS = 20;
/** More is another jump, whatever there was before. */
const DOUBT_NEWS_MS = 60_000;
/** The disk takes no writes: it may be better then. */
const DISK_AGAIN_MS = 30_000;
/** A look has deadlines of seven seconds in all, and a step is milliseconds. */
const TURN_MAX_MS = 30_000;

export function createClockLoop(deps: ClockLoopDeps): ClockLoop {
  const { trust, outbox, world, suspendedMs, everyMs = UNTRUSTED_LOOK_MS } = deps;
  const { clock, observe } = world;
  let why = 'nobody has been asked yet';
  let saidUntrusted = false;
  /** The jump that was last said to be nobody's. */
  let doubtedMs: number | undefined;
  let wasHeld = false;
  let restamped = 0;

  const wall = createSteadyWall({
    clock,
    suspendedMs,
    trustedOffsetMs: outbox.clock.trustedOffsetMs(),
    onChange: notice,
  });

  function notice(change: WallChange): void {
    const offsetMs = change.byMs;
    switch (change.kind) {
      case 'jumped':
        loop.nudge();
        return;
      case 'suspended':
        outbox.clock.beginBoot(deps.bootId());
        observe({ type: 'clock.suspended', durationMs: offsetMs });
        loop.nudge();
        return;
      case 'trusted':
        observe({ type: 'clock.trusted', why, offsetMs, atOnce: !saidUntrusted });
        return;
      case 'stepped':
        observe({ type: 'clock.stepped', why, offsetMs });
        return;
    }
  }

  function look(): Promise<void> {
    wall.moment();
    const jumpedMs = wall.jumpedMs();
    if (wall.trusted() && jumpedMs === undefined) return Promise.resolve();
    return trust.look({ stepped: jumpedMs !== undefined }).then(follow);
  }

  function follow(verdict: ClockVerdict): void {
    // What was true of the clock before a jump keeps its reason.
    if (verdict.trusted || !wall.trusted()) why = verdict.why;
    wall.judge(verdict);
    if (wall.trusted()) outbox.clock.trust(wall.offsetMs());
    else if (!saidUntrusted) {
      saidUntrusted = true;
      observe({ type: 'clock.untrusted', why, holdMs: deps.holdMs });
    }
    sayDoubt(verdict.why);
  }

  function sayDoubt(reason: string): void {
    const offsetMs = wall.jumpedMs();
    if (offsetMs === undefined) doubtedMs = undefined;
    else if (isNews(offsetMs)) {
      observe({ type: 'clock.doubted', why: reason, offsetMs });
      doubtedMs = offsetMs;
    }
  }

  /** A clock that is slewed differs with each look: that is said when it has doubled, or by a minute. */
  function isNews(offsetMs: number): boolean {
    if (doubtedMs === undefined) return true;
    return Math.abs(offsetMs - doubtedMs) >= Math.min(DOUBT_NEWS_MS, Math.abs(doubtedMs));
  }

  /** When there is more to mend; `undefined` if there is not. */
  function mend(): number | undefined {
    if (wall.trusted()) outbox.clock.trust(wall.offsetMs());
    let rows: number | undefined;
    try {
      rows = outbox.clock.restamp();
    } catch (error) {
      if (!isDiskCondition(error)) throw error;
      return clock.monotonicMs() + DISK_AGAIN_MS;
    }
    restamped += rows ?? 0;
    if (rows !== undefined) return clock.monotonicMs() + STEP_PAUSE_MS;
    if (restamped > 0) observe({ type: 'reading.restamped', readings: restamped });
    restamped = 0;
    return undefined;
  }

  /** Mends and releases what can be; returns when to look again. */
  function afterLook(): number {
    const again = mend();
    const { forMs } = outbox.clock.held();
    const isHeld = forMs > 0;
    if (wasHeld && !isHeld) deps.onReleased();
    wasHeld = isHeld;
    if (again !== undefined) return again;
    const isSettled = wall.trusted() && wall.jumpedMs() === undefined;
    const pauseMs = isSettled ? Math.max(TRUSTED_LOOK_MS, everyMs) : everyMs;
    return clock.monotonicMs() + (isHeld ? Math.min(pauseMs, forMs) : pauseMs);
  }

  const loop = createLoop({
    name: 'clock',
    clock,
    pulse: deps.pulse,
    turnMaxMs: TURN_MAX_MS,
    turn: () => look().then(afterLook),
  });

  return {
    ...loop,
    wall,
    look,
    status() {
      const { seqs, forMs } = outbox.clock.held();
      return {
        trusted: wall.trusted(),
        why,
        jumpedMs: wall.jumpedMs() ?? 0,
        heldRows: countOf(seqs),
        heldForMs: Math.round(forMs),
      };
    },
  };
}
