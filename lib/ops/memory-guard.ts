/**
 * Keeps the program below its memory limit where the kernel does not, as on a stock Raspberry Pi OS, and
 * ends it in order where the kernel would kill it in the middle. At four fifths of the limit what can be
 * had again is given back; close to the limit the program finishes what it has in hand and is started afresh.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../base/loop.ts';

export interface MemoryGuardOptions {
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly limitBytes: number;
  /** What the program has of the machine's memory. */
  readonly rssBytes: () => number;
  /** Gives back what can be had again. May take a tenth of a second. */
  readonly shed: () => void;
  /** After each time, with what it was before and is now. */
  readonly onShed: (beforeBytes: number, afterBytes: number) => void;
}

const SHED_SHARE = 0.8;
/** What is left is what the last batch needs to be finished. */
export const END_SHARE = 0.95;

/** A look costs microseconds; a leak that takes a fifth of the limit in less is for the kernel. */
const LOOK_MS = 1_000;

/** Giving back costs time, and helps less the second time. */
const SHED_AGAIN_MS = 60_000;

/** Longer than a full collection of the largest heap that the limit allows takes on a slow machine. */
export const TURN_MAX_MS = 10_000;

/** Its run rejects with `SGW_MEMORY_LIMIT` when the program should end. */
export function createMemoryGuard(options: MemoryGuardOptions): Loop {
  const { clock, limitBytes, rssBytes } = options;
  let shedAgainMono = 0;

  /** What the program has after it has given back what it can, if it is time for that. */
  function afterShedding(beforeBytes: number): number {
    const nowMono = clock.monotonicMs();
    // Close to the limit it is tried whenever that was: it may save a restart.
    if (nowMono < shedAgainMono && beforeBytes < limitBytes * END_SHARE) return beforeBytes;
    shedAgainMono = nowMono + SHED_AGAIN_MS;
    options.shed();
    const afterBytes = rssBytes();
    options.onShed(beforeBytes, afterBytes);
    return afterBytes;
  }

  return createLoop({
    name: 'memory-guard',
    clock,
    pulse: options.pulse,
    turnMaxMs: TURN_MAX_MS,
    async turn() {
      const beforeBytes = rssBytes();
      const bytes = beforeBytes >= limitBytes * SHED_SHARE ? afterShedding(beforeBytes) : beforeBytes;
      if (bytes >= limitBytes * END_SHARE) {
        const [has, limit] = [bytes, limitBytes].map((one) => `${Math.round(one / 1_048_576)} MiB`);
        throw new GatewayError(
          'SGW_MEMORY_LIMIT',
          `the program has ${has} of the ${limit} that it may have`,
          {
            hint: 'It is started afresh. If this comes back every few hours, something leaks: please report it.',
          },
        );
      }
      return clock.monotonicMs() + LOOK_MS;
    },
  });
}
