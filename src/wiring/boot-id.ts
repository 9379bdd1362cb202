/** Tells one boot of this machine from another: what monotonic times belong to. */

import { readFileSync } from 'node:fs';
import { systemRandom } from '../../lib/base/random.ts';

/** The kernel's id of this boot. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux. Monotonic times of two boots cannot be told apart then, so each start is one.
    return systemRandom.streamId();
  }
}
