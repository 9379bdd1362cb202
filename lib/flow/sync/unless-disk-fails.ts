/**
 * A full, broken or read-only disk is a condition, not a bug: delivery goes on through it, because
 * delivering is what empties the outbox. Only for writes that may be repeated or done without.
 */

import { codeOf } from '../../base/errors.ts';

const DISK_CONDITION = /^SQLITE_(?:FULL|IOERR|BUSY|READONLY|CANTOPEN)/;

/** Runs `write` and says whether it was done. Throws what is not the disk's fault. */
export function unlessDiskFails(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (DISK_CONDITION.test(codeOf(error) ?? '')) return false;
    throw error;
  }
}
