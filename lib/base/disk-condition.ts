/**
 * Which failures of SQLite are the disk's and may pass: full, broken, read-only, busy. They are a
 * condition to live through, not a bug, and every part that lives through one asks here.
 */

import { codeOf, GatewayError, messageOf } from './errors.ts';

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

/** What to tell a person of a disk condition that cannot be lived through, at a start; any other error as it is. */
export function unusableDir(dir: string, error: unknown): unknown {
  if (!isDiskCondition(error)) return error;
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot write in ${dir}: ${messageOf(error)}`, {
    hint: `Is the disk full (df -h) or read-only (findmnt), or does a file there belong to another user (ls -l ${dir})?`,
    cause: error,
  });
}
