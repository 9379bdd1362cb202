/** Who works on the directories of a reader: one reader at a time, on each of them. */

import { statSync } from 'node:fs';
import { unusableDir } from '../../lib/base/disk-condition.ts';
import { acquireInstanceLock, type InstanceLock } from '../../lib/base/instance-lock.ts';
import type { Ballast } from '../../lib/flow/outbox/ballast.ts';
import type { Config } from './config.ts';
import { READER } from './names.ts';

/**
 * Two readers would take each other's data, and in one run_dir each other's socket and health file. Throws
 * `SGW_DATA_DIR_IN_USE`, and `SGW_DATA_DIR_UNUSABLE` with the name of run_dir if it is that which takes no lock.
 */
export function lockDirectories(
  { dataDir, runDir }: Pick<Config, 'dataDir' | 'runDir'>,
  pid: number,
  ballast: Pick<Ballast, 'spendIfFull'>,
): InstanceLock[] {
  const lock = (dir: string) => acquireInstanceLock({ dir, name: READER, pid });
  // On a full disk already the lock needs a page for its journal.
  const first = ballast.spendIfFull(() => lock(dataDir));
  if (runDir === dataDir) return [first];
  try {
    // The ballast makes room on its own disk alone, and a run_dir in memory is none.
    const isBeside = statSync(runDir).dev === statSync(dataDir).dev;
    return [first, isBeside ? ballast.spendIfFull(() => lock(runDir)) : lock(runDir)];
  } catch (error) {
    throw unusableDir(runDir, error);
  }
}
