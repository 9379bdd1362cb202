/**
 * What the monitor answers questions from: the file of the store, asked through a thread of its own, or a PostgreSQL
 * database, which is asked over its connections. The code for a database is loaded by those who have one.
 */

import { join } from 'node:path';
import type { Pulse } from '../../lib/base/loop.ts';
import type { AskStore } from '../../lib/flow/write-api/store/store-looks.ts';
import { createStoreThread } from '../../lib/ops/read-api/store-thread.ts';
import { databaseOf } from './database.ts';
import { MONITOR, STORE_FILE } from './names.ts';
import type { ProgramContext } from './program.ts';

export interface OpenedLooks {
  readonly ask: AskStore;
  /** A thread of it does not end. */
  readonly hangs: boolean;
  close(): Promise<void>;
}

/** As it lies beside us once everything is compiled. */
const STORE_WORKER = new URL('../../lib/ops/read-api/store-worker.js', import.meta.url);

/** The store to answer questions from. That there is none yet is no reason not to start. */
export async function openLooks({ config, clock }: ProgramContext, pulse: Pulse): Promise<OpenedLooks> {
  const database = databaseOf(config.store);
  if (database === undefined) {
    const file = join(config.dataDir, STORE_FILE);
    return createStoreThread({ file, worker: STORE_WORKER, clock, pulse });
  }
  const { openPostgresLooks } = await import('../../lib/flow/write-api/postgres/postgres-looks.ts');
  return { ...openPostgresLooks({ ...database, program: MONITOR, clock }), hangs: false };
}
