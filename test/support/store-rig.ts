/** A store with readings in it, and looks at it without a thread in between: for tests of what answers questions. */

import { join } from 'node:path';
import type { BatchRow } from '../../lib/flow/batch.ts';
import type { ReadingsStore, SeriesKey } from '../../lib/flow/write-api/readings-store.ts';
import { openStoreLooks, type SqliteLooks } from '../../lib/flow/write-api/store/sqlite-looks.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import type { AskStore } from '../../lib/flow/write-api/store/store-looks.ts';
import { type OnTestFinished, tempDir } from './temp-dir.ts';
import { createTestWorld } from './test-world.ts';

export interface StoreRig {
  readonly file: string;
  readonly store: ReadingsStore;
  readonly ask: AskStore;
  /** Stores them under seqs of their own; `at` and value, and flags if there are any. */
  put(
    series: SeriesKey,
    readings: readonly (readonly [at: number, value: number, flags?: number])[],
  ): Promise<void>;
  /** Puts everything in its place, where rollups tell of it: so many have come meanwhile, of another sensor. */
  settle(): Promise<void>;
  /** Afterwards the file is all there is. */
  close(): Promise<void>;
}

/** Of one sensor, to make others settle: a large batch would not wait, and a small one is no reason to move any. */
const FILLER = { gateway: 'attic', sensor: 'filler', metric: 'count', unit: 'count' };
const FILLER_ROWS = 200;
const FILLER_BATCHES = 10;

export const ROOF: SeriesKey = { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' };

export function createStoreRig(onTestFinished?: OnTestFinished): StoreRig {
  const file = join(tempDir(onTestFinished), 'store.db');
  const store = createSqliteStore({ file, world: createTestWorld() });
  let seq = 0;
  const put: StoreRig['put'] = async (series, readings) => {
    const rows = readings.map(([at, value, flags]): BatchRow => {
      seq += 1;
      return flags === undefined ? [seq, 0, at, value] : [seq, 0, at, value, flags];
    });
    const { gateway } = series;
    const nothing = { refused: [], gone: [], sources: [], corrections: [] };
    await store.ingest([{ stream: 'rigstream', gateway, series: [series], rows, ...nothing }]);
  };
  const looks = openStoreLooks(file);
  return {
    file,
    store,
    ask: askIn(looks),
    put,
    async close() {
      looks.close();
      await store.close();
    },
    async settle() {
      for (let i = 0; i < FILLER_BATCHES; i += 1) {
        await put(
          FILLER,
          Array.from({ length: FILLER_ROWS }, (_, j) => [seq + j, 1]),
        );
      }
    },
  };
}

/** As a thread would, only at once. */
function askIn(looks: SqliteLooks): AskStore {
  return async (name, ...args) => {
    const look = looks[name] as (...given: typeof args) => ReturnType<(typeof looks)[typeof name]>;
    return look(...args);
  };
}
