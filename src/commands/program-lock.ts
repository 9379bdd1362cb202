/** The lock of a program, taken by a command for as long as it changes a file in the program's place. */

import { unusableDir } from '../../lib/base/disk-condition.ts';
import type { InstanceLock } from '../../lib/base/instance-lock.ts';
import { belongLike } from './file-owner.ts';

/** Throws `SGW_DATA_DIR_IN_USE` if the program runs, and `SGW_DATA_DIR_UNUSABLE` where not even a lock can be written. */
export async function lockProgram(dataDir: string, name: string): Promise<InstanceLock> {
  const { acquireInstanceLock } = await import('../../lib/base/instance-lock.ts');
  try {
    const lock = acquireInstanceLock({ dir: dataDir, name, pid: process.pid });
    belongLike(lock.file, dataDir);
    return lock;
  } catch (error) {
    throw unusableDir(dataDir, error);
  }
}
