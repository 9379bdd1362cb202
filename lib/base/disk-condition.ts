/**
 * Which failures of SQLite are the disk's and may pass: full, broken, read-only, busy. They are a
 * condition to live through, not a bug, and every part that lives through one asks here.
 */

import { codeOf } from './errors.ts';

const DISK_CONDITION = /^SQLITE_(?:FULL|IOERR|BUSY|READONLY|CANTOPEN)/;

export function isDiskCondition(error: unknown): boolean {
  return DISK_CONDITION.test(codeOf(error) ?? '');
}

/** No room left: the one condition in which giving something up helps. */
export function isDiskFull(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  // Where a file cannot grow, SQLite reports its -shm as an I/O error and not as a full disk.
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'ENOSPC';
}
