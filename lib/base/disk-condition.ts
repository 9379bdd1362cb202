/**
 * Which failures of SQLite are the disk's and may pass: full, broken, read-only, busy. They are a
 * condition to live through, not a bug, and every part that lives through one asks here.
 */

import { closedFilesIn } from './closed-files.ts';
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
  const isTold = codeOf(error) === 'SGW_DATA_DIR_UNUSABLE';
  if (!isTold && !isDiskCondition(error)) return error;
  const closed = closedFilesIn(dir);
  const [first] = closed;
  const what = isTold ? messageOf(error) : `cannot write in ${dir}: ${messageOf(error)}`;
  if (first !== undefined) {
    const files = closed.map(({ path }) => path).join(' ');
    return new GatewayError(
      'SGW_DATA_DIR_UNUSABLE',
      `${what}; ${first.path} belongs to ${first.owner}, and we may not write it`,
      { hint: `Give it to the user of the directory: sudo chown --reference=${dir} ${files}`, cause: error },
    );
  }
  if (isTold) return error;
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', what, {
    hint: `Is the disk full (df -h) or read-only (findmnt), or does a file there belong to another user (ls -l ${dir})?`,
    cause: error,
  });
}
