/**
 * Tells the supervisor that we are alive, at half the time it allows, and only if no loop is overdue.
 * A timer that pings whatever happens would prove only that timers run.
 */

import type { Clock } from '../base/clock.ts';
import { createLoop, type Loop } from '../base/loop.ts';
import type { Liveness, OverdueLoop } from './liveness.ts';
import type { Supervisor } from './sd-notify.ts';

/** How often the status line is renewed when the supervisor wants no heartbeat, or wants it more seldom. */
export const STATUS_INTERVAL_MS = 10_000;

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly liveness: Liveness;
  readonly supervisor: Supervisor;
  /** The line for STATUS=, made afresh each time. */
  readonly statusLine: () => string;
  /** Called at each beat that is withheld, with what is stuck. */
  readonly onWithheld: (stuck: readonly OverdueLoop[]) => void;
  /** At most so long between two beats; 10 s if left out. */
  readonly everyMs?: number | undefined;
  /** Called at each beat, for whatever else should be renewed then (the health file). */
  readonly onBeat?: () => void;
}

export function createHeartbeat(options: HeartbeatOptions): Loop {
  const { clock, liveness, supervisor } = options;
  // Half of what is allowed, so that one lost or late heartbeat is forgiven (sd_watchdog_enabled(3)).
  const allowedMs = (supervisor.watchdogMs ?? Number.POSITIVE_INFINITY) / 2;
  const pauseMs = Math.min(options.everyMs ?? STATUS_INTERVAL_MS, allowedMs);
  let nextMono = Number.POSITIVE_INFINITY;

  /** A program that gets no processor is late with everything: only who is later than this beat itself is stuck. */
  function stuckLoops(): OverdueLoop[] {
    const lateMs = Math.max(0, clock.monotonicMs() - nextMono);
    return liveness.overdue().filter((one) => one.overdueMs > lateMs);
  }

  return createLoop({
    name: 'heartbeat',
    clock,
    // The heartbeat vouches for the others; for itself vouches the supervisor, by its absence.
    pulse: { promise() {}, release() {} },
    turnMaxMs: pauseMs,
    async turn() {
      const stuck = stuckLoops();
      if (stuck.length === 0) supervisor.heartbeat();
      else options.onWithheld(stuck);
      supervisor.status(stuck.length === 0 ? options.statusLine() : stuckLine(stuck));
      options.onBeat?.();
      nextMono = clock.monotonicMs() + pauseMs;
      return nextMono;
    },
  });
}

function stuckLine(stuck: readonly OverdueLoop[]): string {
  const names = stuck.map((one) => `${one.loop} overdue for ${Math.round(one.overdueMs / 1000)} s`);
  return `STUCK: ${names.join(', ')}`;
}
