/**
 * A full, broken or read-only disk is a condition, not a bug: delivery goes on through it, because
 * delivering is what empties the outbox. Only for writes that may be repeated or done without.
 */

import { isDiskCondition } from '../../base/disk-condition.ts';

/** Runs `write` and says whether it was done. Throws what is not the disk's fault. */
export function unlessDiskFails(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (isDiskCondition(error)) return false;
    throw error;
  }
}
