/** Copies of the store that the monitor hands out; of a database its own tools make them. */

import { join } from 'node:path';
import { createStoreBackups, type StoreBackups } from '../../lib/ops/read-api/store-backups.ts';
import { STORE_FILE } from './names.ts';
import type { ProgramContext } from './program.ts';

/** As it lies beside us once everything is compiled. */
const BACKUP_WORKER = new URL('../../lib/ops/read-api/backup-worker.js', import.meta.url);

/** `undefined`: the store is a database. */
export function openBackups({ config, clock }: ProgramContext): StoreBackups | undefined {
  if (config.store.url !== undefined) return undefined;
  return createStoreBackups({
    file: join(config.dataDir, STORE_FILE),
    dir: config.dataDir,
    reserveBytes: config.outbox.diskReserve,
    worker: BACKUP_WORKER,
    clock,
  });
}
