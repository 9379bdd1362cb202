/**
 * Leaves a dead chip alone, so that it does not slow the others down, and looks after it again and again, so
 * that it is taken up soon after it is back. Pure state on monotonic time; the first good answer ends it all.
 *
 *   closed -> open        three reads in a row have failed; at once, if the chip has stopped the whole bus
 *   open -> half-open     the pause is over: one attempt
 *   half-open -> closed   it answers;   -> open   it does not, and the pause grows
 */

export type ChipBreakerState = 'closed' | 'open' | 'half_open';

export interface ChipBreaker {
  state(nowMono: number): ChipBreakerState;
  /** How long it is still to be left alone; 0: not at all. */
  waitMs(nowMono: number): number;
  /** A read that began at `startMono` has failed; `stoppedBus`: it held the bus up until its deadline. */
  failed(startMono: number, stoppedBus: boolean): void;
  succeeded(): void;
}

/** Fewer is bad luck on a long wire. */
const FAILURES_TO_OPEN = 3;

/** A chip that does not answer costs the bus a millisecond, and somebody may just be plugging it in. */
const PAUSES_MS = [10_000, 30_000, 60_000];

/** A chip that stops the bus costs everybody on it a second or more each time: in two minutes that is one percent. */
const STOPPED_BUS_PAUSES_MS = [10_000, 30_000, 60_000, 120_000];

/** Rounds lie on a grid, and one that comes a little early must not cost another interval. */
const EARLY_MS = 2_000;

export function createChipBreaker(): ChipBreaker {
  let failures = 0;
  let step = 0;
  let untilMono: number | undefined;

  return {
    state(nowMono) {
      if (untilMono === undefined) return 'closed';
      return nowMono < untilMono ? 'open' : 'half_open';
    },
    waitMs: (nowMono) => Math.max(0, (untilMono ?? nowMono) - nowMono),
    failed(startMono, stoppedBus) {
      failures += 1;
      if (failures < FAILURES_TO_OPEN && !stoppedBus) return;
      const pauses = stoppedBus ? STOPPED_BUS_PAUSES_MS : PAUSES_MS;
      const pauseMs = pauses[Math.min(step, pauses.length - 1)] ?? 0;
      step += 1;
      untilMono = startMono + pauseMs - EARLY_MS;
    },
    succeeded() {
      failures = 0;
      step = 0;
      untilMono = undefined;
    },
  };
}
