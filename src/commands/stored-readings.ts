/** The store of this gateway, opened to be read: the file in the data directory, or the database of the configuration. */

import { systemClock } from '../../lib/base/clock.ts';
import { GatewayError } from '../../lib/base/errors.ts';
import { type ReadingsReader, STORE_FAULTS, StoreFault } from '../../lib/flow/write-api/readings-store.ts';
import { databaseOf } from '../wiring/database.ts';
import { explained, lookingAt } from './damaged.ts';
import type { Places } from './places.ts';

/**
 * Throws what opening a file throws, and `SGW_STORE_DAMAGED`, also later; a database that cannot be reached is
 * `SGW_DATABASE_UNREACHABLE`, also later.
 */
export async function openStored({ config, storeFile }: Places): Promise<ReadingsReader> {
  const database = databaseOf(config.store);
  // Loaded here and not above: help and usage errors should not wait for a database.
  if (database === undefined) {
    const { openStoreReadOnly } = await import('../../lib/flow/write-api/store/sqlite-reader.ts');
    const reader = await lookingAt('store', storeFile, () => openStoreReadOnly(storeFile));
    return inWords(reader, (error) => explained('store', storeFile, error));
  }
  const { openPostgresReader } = await import('../../lib/flow/write-api/postgres/postgres-reader.ts');
  const reader = openPostgresReader({ ...database, program: 'sensorctl', clock: systemClock });
  return inWords(reader, asGatewayError);
}

/** The same reader, which says with `words` what goes wrong. */
function inWords(reader: ReadingsReader, words: (error: unknown) => unknown): ReadingsReader {
  return {
    async *readings(filter) {
      try {
        yield* reader.readings(filter);
      } catch (error) {
        throw words(error);
      }
    },
    summary: () =>
      reader.summary().catch((error: unknown) => {
        throw words(error);
      }),
    close: () => reader.close(),
  };
}

/**
 * The file of the store, for what looks at a file. Throws `SGW_DATABASE_MISSING` where readings go into a database: a
 * file that lies there all the same is from before.
 */
export function storeFileOf({ config, storeFile }: Places): string {
  if (config.store.url === undefined) return storeFile;
  const hint = 'Ask the monitor: its read API answers from the database, too (docs/read-api.md).';
  throw new GatewayError('SGW_DATABASE_MISSING', 'the store is a PostgreSQL database, not a file', { hint });
}

function asGatewayError(error: unknown): unknown {
  if (!(error instanceof StoreFault)) return error;
  const { hint } = STORE_FAULTS[error.code];
  return new GatewayError('SGW_DATABASE_UNREACHABLE', error.message, { hint, cause: error });
}
