/** What tests of a store in PostgreSQL share: one server for a file, stores over a database, batches, plain queries. */

import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import type { BatchRow } from '../../lib/flow/batch.ts';
import { createConnections, type Session } from '../../lib/flow/write-api/postgres/connections.ts';
import {
  createPostgresStore,
  type PostgresStore,
  type PostgresStoreOptions,
} from '../../lib/flow/write-api/postgres/postgres-store.ts';
import type { IncomingBatch } from '../../lib/flow/write-api/readings-store.ts';
import { createPostgresServer, type PostgresServer, whyNoPostgres } from './postgres-server.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

/** Tests over a server of their own; skipped, with the reason, where there can be none. */
export function describeOverPostgres(name: string, tests: (server: () => PostgresServer) => void): void {
  const missing = whyNoPostgres();
  describe.skipIf(missing !== undefined)(missing === undefined ? name : `${name} (${missing})`, () => {
    let server: PostgresServer | undefined;
    beforeAll(() => {
      server = createPostgresServer();
    });
    afterAll(() => server?.dispose());
    tests(() => {
      if (server === undefined) throw new Error('the server has not been started');
      return server;
    });
  });
}

export interface PostgresRig {
  readonly url: string;
  readonly world: TestWorld;
  /** Open already. */
  readonly store: PostgresStore;
  openStore(more?: Partial<PostgresStoreOptions>): Promise<PostgresStore>;
  /** A plain query. */
  rows<Row extends object>(text: string): Promise<Row[]>;
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

export async function createPostgresRig(
  server: PostgresServer,
  more: Partial<PostgresStoreOptions> = {},
): Promise<PostgresRig> {
  const url = server.createDatabase();
  const world = createTestWorld();
  const stores: PostgresStore[] = [];
  const connections = createConnections({ url, program: 'rig', clock: world.clock });
  const openStore = async (own: Partial<PostgresStoreOptions> = {}) => {
    const store = createPostgresStore({ url, world, program: 'rig', ...more, ...own });
    stores.push(store);
    await store.open();
    return store;
  };
  onTestFinished(async () => {
    for (const store of stores) await store.close();
    await connections.close();
  });
  const session = <T>(work: (session: Session) => Promise<T>) => connections.within('rig', 60_000, work);
  return {
    url,
    world,
    store: await openStore(),
    openStore,
    session,
    rows: (text) => session((one) => one.look((sql) => sql.rows(text))),
  };
}

export const ROOF = { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' };

export function batchOf(rows: readonly BatchRow[], more: Partial<IncomingBatch> = {}): IncomingBatch {
  const nothing = { refused: [], gone: [], sources: [], corrections: [] };
  return { stream: 'rigstream', gateway: 'attic', series: [ROOF], rows, ...nothing, ...more };
}
