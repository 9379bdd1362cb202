/**
 * Knows which loop has promised to move by when, and so whether the program is alive. A loop that is
 * asleep until a stated time is alive; one that let its promise pass is stuck, whatever the reason. That
 * the API is down or every sensor is unplugged is no stuck loop: those turns end, with a failure.
 */

import type { Clock } from '../base/clock.ts';
import type { Pulse } from '../base/loop.ts';

export interface OverdueLoop {
  readonly loop: string;
  /** For how long its promise has been broken, in monotonic ms. */
  readonly overdueMs: number;
}

export interface Liveness extends Pulse {
  /** The loops that have broken their promise, worst first; empty means alive. */
  overdue(): OverdueLoop[];
}

export function createLiveness(clock: Clock): Liveness {
  const dueMono = new Map<string, number>();
  return {
    promise(loop, due) {
      dueMono.set(loop, due);
    },
    release(loop) {
      dueMono.delete(loop);
    },
    overdue() {
      const now = clock.monotonicMs();
      return Array.from(dueMono, ([loop, due]) => ({ loop, overdueMs: now - due }))
        .filter((one) => one.overdueMs > 0)
        .sort((a, b) => b.overdueMs - a.overdueMs);
    },
  };
}
