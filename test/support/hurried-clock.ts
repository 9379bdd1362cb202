/** A clock on which time passes faster than it does, for a real program whose rules take minutes. */

import type { Clock } from '../../lib/base/clock.ts';

export function hurriedClock(clock: Clock, factor: number): Clock {
  const startMono = clock.monotonicMs();
  return {
    // Readings must not come from the future.
    wallMs: clock.wallMs,
    monotonicMs: () => startMono + (clock.monotonicMs() - startMono) * factor,
    sleep: (name, ms, signal) => clock.sleep(name, ms / factor, signal),
  };
}
