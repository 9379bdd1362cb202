/** A clock on which time passes faster than it does, for a real program whose rules take minutes. */

import type { Clock } from '../../lib/base/clock.ts';

/** `fromAt`: the wall clock hurries, too, from there on; so choose it early enough that no reading comes from the future. */
export function hurriedClock(clock: Clock, factor: number, fromAt?: number): Clock {
  const startMono = clock.monotonicMs();
  const passedMs = () => (clock.monotonicMs() - startMono) * factor;
  return {
    // Readings must not come from the future.
    wallMs: fromAt === undefined ? clock.wallMs : () => Math.round(fromAt + passedMs()),
    monotonicMs: () => startMono + passedMs(),
    sleep: (name, ms, signal) => clock.sleep(name, ms / factor, signal),
  };
}
