/** The contract of a store, held by PostgreSQL: every promise that SQLite keeps, over a real server. */

import { openPostgresReader } from '../../lib/flow/write-api/postgres/postgres-reader.ts';
import { createPostgresStore } from '../../lib/flow/write-api/postgres/postgres-store.ts';
import { readingsStoreContract, type StoreHarness } from '../contract/readings-store.contract.ts';
import { thinnedReadingsContract } from '../contract/thinned-readings.contract.ts';
import { describeOverPostgres } from '../support/postgres-rig.ts';
import { createTestWorld } from '../support/test-world.ts';

describeOverPostgres('the contract', (server) => {
  const createHarness = (): StoreHarness => {
    const url = server().createDatabase();
    const world = createTestWorld();
    return {
      async open() {
        const store = createPostgresStore({ url, world, program: 'test' });
        await store.open();
        return store;
      },
      openReader: async () => openPostgresReader({ url, clock: world.clock, program: 'test' }),
      dispose: async () => server().giveBack(url),
    };
  };
  readingsStoreContract('PostgreSQL', createHarness);
  thinnedReadingsContract('PostgreSQL', createHarness);
});
