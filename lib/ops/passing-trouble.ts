/**
 * Which troubles of the monitor's own files are no reason to end, because the next call may go better: the disk, or who
 * may write there. A damaged file on a disk that has turned read-only cannot be put aside, which is a call to a file
 * and not to SQLite; it is the same trouble, and just then somebody must go on watching.
 */

import { isDiskCondition, isFileTrouble } from '../base/disk-condition.ts';
import { codeOf } from '../base/errors.ts';

export function isPassing(error: unknown): boolean {
  return isDiskCondition(error) || isFileTrouble(error) || codeOf(error) === 'SGW_DATA_DIR_UNUSABLE';
}
