/**
 * Which failures of SQLite, and of calls to files, are the disk's and may pass: full, broken, read-only, busy. They
 * are a condition to live through, not a bug, and every part that lives through one asks here.
 */

import { closedFilesIn } from './closed-files.ts';
import { codeOf, GatewayError, messageOf } from './errors.ts';

const DISK_CONDITION = /^SQLITE_(?:FULL|IOERR|BUSY|READONLY|CANTOPEN)/;

/** Of SQLite. */
export function isDiskCondition(error: unknown): boolean {
  return DISK_CONDITION.test(codeOf(error) ?? '');
}

/** No room left: the one condition in which giving something up helps. */
export function isDiskFull(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  // Where a file cannot grow, SQLite reports its -shm as an I/O error and not as a full disk.
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'ENOSPC';
}

/** Calls to files, and what they fail with when the disk or the machine cannot do it now. */
const FILE_CALL =
  /^(?:open|read|write|fsync|fdatasync|ftruncate|rename|unlink|mkdir|rmdir|chmod|scandir|copyfile|l?stat|statfs)$/;
const FILE_TROUBLE = /^E(?:IO|NOSPC|ROFS|DQUOT|MFILE|NFILE|NOMEM|NXIO|NODEV|ACCES|PERM)$/;

/** Of a call to a file that was made without SQLite. */
export function isFileTrouble(error: unknown): boolean {
  if (!(error instanceof Error) || !('syscall' in error)) return false;
  return FILE_CALL.test(String(error.syscall)) && FILE_TROUBLE.test(codeOf(error) ?? '');
}

/** What to tell a person of a disk condition that cannot be lived through, at a start; any other error as it is. */
export function unusableDir(dir: string, error: unknown): unknown {
  const isTold = codeOf(error) === 'SGW_DATA_DIR_UNUSABLE';
  if (!isTold && !isDiskCondition(error) && !isFileTrouble(error)) return error;
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
