/**
 * The store that the write API takes readings in: an SQLite file in the data directory, or a PostgreSQL database. What
 * is needed of either is the same; the code for a database is loaded by those who have one.
 */

import { join } from 'node:path';
import type { Loop, Pulse } from '../../lib/base/loop.ts';
import type { World } from '../../lib/flow/flow-event.ts';
import { type ReadingsStore, StoreFault } from '../../lib/flow/write-api/readings-store.ts';
import { openStoreSafely } from '../../lib/flow/write-api/store/quarantined-stores.ts';
import type { KeptStore } from '../../lib/flow/write-api/store/store-upkeep.ts';
import { createPlaceWatch } from '../../lib/ops/place-watch.ts';
import { awaitDamage, checkMaxMs, START_MS } from './damage.ts';
import { type Database, databaseOf } from './database.ts';
import { databaseBytes } from './database-bytes.ts';
import { STORE_FILE, WRITE_API } from './names.ts';
import type { ProgramContext } from './program.ts';

export interface OpenedStore {
  readonly store: ReadingsStore & KeptStore;
  /** What looks after its place. */
  readonly loops: readonly Loop[];
  /** Rejects when the program has to be started afresh. */
  readonly failed: Promise<never>;
  /** What it takes of this machine's disk; `undefined` if it is elsewhere. */
  bytes(): number | undefined;
}

/** The store to take readings in. Throws what an SQLite file has wrong with it, and `SGW_SCHEMA_TOO_NEW` of either. */
export async function openStore(context: ProgramContext, world: World, pulse: Pulse): Promise<OpenedStore> {
  const database = databaseOf(context.config.store);
  return database === undefined ? openFile(context, world, pulse) : openDatabase(context, world, database);
}

function openFile(
  { config, clock, supervisor, surroundings }: ProgramContext,
  world: World,
  pulse: Pulse,
): OpenedStore {
  const file = join(config.dataDir, STORE_FILE);
  const damage = awaitDamage('store');
  const store = openStoreSafely({
    file,
    world,
    retention: config.store.retention,
    onUpgrading: (bytes) => supervisor.extendStart(checkMaxMs(bytes)),
    onCheck: (bytes) => supervisor.extendStart(checkMaxMs(bytes)),
    onDamage: damage.noticed,
  });
  return {
    store,
    loops: [createPlaceWatch({ file, everyMs: surroundings.cadence.placeMs, clock, pulse })],
    failed: damage.failed,
    bytes: () => databaseBytes(file),
  };
}

async function openDatabase(
  { config, supervisor }: ProgramContext,
  world: World,
  database: Database,
): Promise<OpenedStore> {
  const { createPostgresStore, OPEN_MAX_MS } = await import(
    '../../lib/flow/write-api/postgres/postgres-store.ts'
  );
  const store = createPostgresStore({
    ...database,
    program: WRITE_API,
    world,
    retention: config.store.retention,
  });
  supervisor.extendStart(START_MS + OPEN_MAX_MS);
  // A server that is not there yet is said once, and no reason not to answer: readers hear why, and keep their readings.
  await store.open().catch((error: unknown) => {
    if (!(error instanceof StoreFault)) throw error;
  });
  return { store, loops: [], failed: new Promise(() => {}), bytes: () => undefined };
}
