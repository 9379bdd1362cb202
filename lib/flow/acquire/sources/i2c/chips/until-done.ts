/** A conversion that outlasts the time of its data sheet is looked at a few times more, and then given up. */

import type { ChipDeps } from '../chip.ts';
import { notReady } from './chip-faults.ts';

/** Clocks of chips are off by ten percent at most: the longest conversion that is looked at takes 113 ms. */
const LOOKS_MAX = 6;
const PAUSE_MS = 2;

/** Resolves once `isDone` says so; rejects with `not_ready`. `what`: `conversion`. */
export async function untilDone(
  { device, pause }: Pick<ChipDeps, 'device' | 'pause'>,
  what: string,
  isDone: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  for (let look = 1; !(await isDone()); look += 1) {
    if (look === LOOKS_MAX) throw notReady(device, what);
    await pause(PAUSE_MS, signal);
  }
}
