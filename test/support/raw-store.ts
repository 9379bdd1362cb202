/** A SQLite store whose file the test can look into, and change, while it is open. */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openDatabase } from '../../lib/base/sqlite.ts';
import type { BatchRow, Correction } from '../../lib/flow/batch.ts';
import type { IncomingBatch } from '../../lib/flow/write-api/readings-store.ts';
import { createRecentReadings } from '../../lib/flow/write-api/store/recent-readings.ts';
import { createRollups } from '../../lib/flow/write-api/store/rollups.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../lib/flow/write-api/store/schema.ts';
import { createSqliteStore, type SqliteStoreOptions } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { createUnrolledSpans } from '../../lib/flow/write-api/store/unrolled.ts';
import { tempDir } from './temp-dir.ts';
import { createTestWorld } from './test-world.ts';

/** The beginning of a day. */
export const STORE_AT = Date.UTC(2026, 0, 15);

export function rawStore(options: Partial<SqliteStoreOptions> = {}) {
  const file = options.file ?? join(tempDir(), 'store.db');
  const world = options.world ?? createTestWorld();
  const store = createSqliteStore({ file, world, ...options });
  const raw = openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });
  const recent = createRecentReadings(raw, createRollups(raw, createUnrolledSpans(raw)));
  const settleNow = raw.transaction(recent.settle);
  onTestFinished(async () => {
    raw.close();
    await store.close();
  });
  return { file, store, raw, settle: () => settleNow.immediate() };
}

/** Rows of three series of one stream. */
export function storeBatch(
  rows: readonly BatchRow[],
  corrections: readonly Correction[] = [],
  stream = 'teststream',
): IncomingBatch {
  const series = ['roof', 'cellar', 'pond'].map((sensor) => ({
    gateway: 'attic',
    sensor,
    metric: 'temperature',
    unit: 'celsius',
  }));
  return {
    stream,
    gateway: 'attic',
    series,
    rows,
    refused: [],
    gone: [],
    sources: ['sourcestream'],
    corrections,
  };
}
