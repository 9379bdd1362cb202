/** Tells one boot of this machine from another: what monotonic times belong to. A sleep of the machine ends one. */

import { readFileSync } from 'node:fs';
import { bootIdAfterSleep } from '../../lib/base/boot-id.ts';
import { systemSuspendedMs } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';

/** The kernel's id of this boot, and for how long it has slept. */
export function readBootId(): string {
  try {
    const kernel = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return bootIdAfterSleep(kernel, systemSuspendedMs());
  } catch {
    // Not Linux. Monotonic times of two boots cannot be told apart then, so each start is one.
    return systemRandom.streamId();
  }
}
