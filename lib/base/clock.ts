/**
 * The only place where the program asks what time it is. Everything else is handed a `Clock`, so that
 * a test or a simulation can run a day in a second.
 */

import { uptime } from 'node:os';
import { hrtime } from 'node:process';

export interface Clock {
  /** Milliseconds since 1970, for stamping readings. May jump both ways: most Pis have no battery clock. */
  wallMs(): number;

  /**
   * Milliseconds since the machine was booted, not counting suspend, for every interval, deadline and
   * pause. Never goes back, and is the same for all processes of one boot (CLOCK_MONOTONIC).
   */
  monotonicMs(): number;

  /**
   * Resolves after `ms` of monotonic time or when `signal` aborts, whichever comes first; never
   * rejects. The name says who waits for what, for `sensorctl` and for a test that hangs.
   */
  sleep(name: string, ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout wraps around to "at once" above this (a signed 32-bit count of milliseconds). */
const TIMEOUT_MAX_MS = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(hrtime.bigint()) / 1e6,
  sleep: (_name, ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        // A daemon that never removes its listeners leaks one for each pause.
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), TIMEOUT_MAX_MS));
      signal?.addEventListener('abort', wake, { once: true });
    }),
};

/**
 * For how long the machine has slept since it was booted, in milliseconds: what the clock that counts sleep is
 * ahead of the one that does not. To a hundredth of a second; in a container it may be off by a constant.
 */
export function systemSuspendedMs(): number {
  return uptime() * 1_000 - systemClock.monotonicMs();
}
