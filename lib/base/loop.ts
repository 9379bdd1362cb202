/**
 * A loop owns one job and is never entered twice: a bounded turn, then a sleep on the clock it was
 * given, until it is stopped. Others may nudge it (wake it early); nobody else may run it. Around each
 * turn and each sleep it promises its pulse by when it will next have moved: this is what the
 * watchdog's heartbeat rests on (`lib/ops/liveness.ts`).
 */

import type { Clock } from './clock.ts';

/** Where loops promise to move. "Asleep until T" is alive until T plus a grace; silence is not. */
export interface Pulse {
  /** `loop` will have moved before `dueMono` (monotonic ms), or it is stuck. Replaces its last promise. */
  promise(loop: string, dueMono: number): void;

  /** `loop` has ended on purpose and promises nothing any more. */
  release(loop: string): void;
}

export interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly pulse: Pulse;

  /** A turn that takes longer than this is stuck. Must be larger than the sum of the turn's own deadlines. */
  readonly turnMaxMs: number;

  /**
   * One bounded piece of work. Returns when to run again, in monotonic ms; a nudge makes it earlier.
   * Expected failures are its own affair: what it throws is a bug and ends the program. `stopping`
   * aborts when the loop is being stopped; the turn in hand should then finish or roll back.
   */
  turn(stopping: AbortSignal): Promise<number>;
}

export interface Loop {
  readonly name: string;

  /** Settles when the loop has ended: resolves after `stop`, rejects with whatever a turn threw. */
  run(): Promise<void>;

  /** Runs the next turn at once, or directly after the present one. */
  nudge(): void;

  /** Asks the loop to end after the turn in hand; await the promise of `run` to know that it has. */
  stop(): void;
}

/** A sleeper may wake late on a starved machine before it counts as stuck. */
const WAKE_GRACE_MS = 5_000;

export function createLoop(options: LoopOptions): Loop {
  const { name, clock, pulse } = options;
  const stopping = new AbortController();
  let nudged = false;
  let alarm = new AbortController();

  async function run(): Promise<void> {
    try {
      while (!stopping.signal.aborted) {
        nudged = false;
        pulse.promise(name, clock.monotonicMs() + options.turnMaxMs);
        const wakeMono = await options.turn(stopping.signal);
        if (nudged || stopping.signal.aborted) continue;
        alarm = new AbortController();
        pulse.promise(name, wakeMono + WAKE_GRACE_MS);
        await clock.sleep(name, wakeMono - clock.monotonicMs(), alarm.signal);
      }
    } finally {
      pulse.release(name);
    }
  }

  return {
    name,
    run,
    nudge() {
      nudged = true;
      alarm.abort();
    },
    stop() {
      stopping.abort();
      alarm.abort();
    },
  };
}
