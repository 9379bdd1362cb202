/**
 * How long ago something was that is in the file. The wall clock of a gateway may jump by years, so each moment that
 * a rule measures from is kept with the boot it was in and its monotonic time as well.
 */

import { isSameBoot, isSamePowerOn } from '../../base/boot-id.ts';

export interface Stamp {
  /** Wall time, for people. */
  readonly at: number;
  readonly bootId: string;
  /** Whole milliseconds of the monotonic clock of that boot. */
  readonly monoMs: number;
}

/**
 * Milliseconds from one moment to a later one. Exact within a boot, whatever the wall clock does. Across boots only
 * the wall clock knows, and it is believed as far as it is not less than what must have passed: the time since the
 * boot, or since then without a sleep of the machine. So a clock that was set back makes nothing seem recent that is
 * not; one that was set forward between two boots makes something seem older than it is, which ends a rule early.
 */
export function elapsedMs(since: Stamp, now: Stamp): number {
  const awakeMs = Math.max(0, now.monoMs - since.monoMs);
  if (isSameBoot(since.bootId, now.bootId)) return awakeMs;
  const leastMs = isSamePowerOn(since.bootId, now.bootId) ? awakeMs : now.monoMs;
  return Math.max(leastMs, now.at - since.at);
}
