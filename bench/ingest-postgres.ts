/**
 * A store in PostgreSQL beside one in a file: the largest batches of a backlog, and single readings one after the
 * other, each with its own durable commit. The reference is the store in a file, on the same disk; the two take turns,
 * and ratios are those of the medians. The server is this machine's own, over a socket; a network in between adds a
 * few round trips to each batch. Without PostgreSQL on this machine there is nothing to compare, and it says so.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import type { BatchRow } from '../lib/flow/batch.ts';
import { BATCH_ROWS_MAX } from '../lib/flow/reading.ts';
import { createPostgresStore } from '../lib/flow/write-api/postgres/postgres-store.ts';
import type { IncomingBatch, ReadingsStore } from '../lib/flow/write-api/readings-store.ts';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { createPostgresServer, whyNoPostgres } from '../test/support/postgres-server.ts';
import { median, report } from './report.ts';

const SERIES_COUNT = 40;
/** Not counted: the first batches make the months that they lie in. */
const WARM_UP_TURNS = 3;
const TURNS = 15;
const SINGLES_A_TURN = 10;
const FIRST_AT = Date.UTC(2026, 0, 15, 16, 9, 35);
const ROUND_MS = 10_000;

const SERIES = Array.from({ length: SERIES_COUNT }, (_, i) => ({
  gateway: 'bench',
  sensor: `sensor-${i}`,
  metric: 'temperature',
  unit: 'celsius',
}));

/** Milliseconds for `count` readings in one batch, and for as many batches of one. */
function createSide(store: ReadingsStore) {
  let seq = 0;
  const batch = (count: number): IncomingBatch => ({
    stream: 'benchstream',
    gateway: 'bench',
    series: SERIES,
    rows: Array.from({ length: count }, (): BatchRow => {
      seq += 1;
      const at = FIRST_AT + Math.floor((seq - 1) / SERIES_COUNT) * ROUND_MS;
      return [seq, (seq - 1) % SERIES_COUNT, at, 20 + (seq % 1_000) / 100];
    }),
    refused: [],
    gone: [],
    sources: [],
    corrections: [],
  });
  const timed = async (batches: readonly IncomingBatch[]) => {
    const startedMono = systemClock.monotonicMs();
    for (const one of batches) await store.ingest([one]);
    return systemClock.monotonicMs() - startedMono;
  };
  return {
    bulkMs: [] as number[],
    singleMs: [] as number[],
    async turn() {
      const bulkMs = await timed([batch(BATCH_ROWS_MAX)]);
      const singleMs = await timed(Array.from({ length: SINGLES_A_TURN }, () => batch(1)));
      return { bulkMs, singleMs };
    },
  };
}

async function measure(): Promise<void> {
  const world = { clock: systemClock, random: systemRandom, observe: () => {} };
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  const server = createPostgresServer();
  const file = createSqliteStore({ file: join(dir, 'store.db'), world });
  const postgres = createPostgresStore({ url: server.createDatabase(), program: 'bench', world });
  try {
    await postgres.open();
    const sides = [createSide(file), createSide(postgres)];
    for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
      for (const side of sides) {
        const { bulkMs, singleMs } = await side.turn();
        if (turn < 0) continue;
        side.bulkMs.push(bulkMs);
        side.singleMs.push(singleMs);
      }
    }
    const [ofFile, ofPostgres] = sides.map(({ bulkMs, singleMs }) => ({
      bulk: (BATCH_ROWS_MAX * 1_000) / median(bulkMs),
      single: (SINGLES_A_TURN * 1_000) / median(singleMs),
    }));
    if (ofFile === undefined || ofPostgres === undefined) throw new Error('one side was not measured');
    const told = (what: string, ratio: number, value: number) =>
      report({ name: `ingest-postgres: ${what}`, ratio, bar: null, value, unit: 'readings/s', runs: TURNS });
    told('batches of 4,000', ofPostgres.bulk / ofFile.bulk, ofPostgres.bulk);
    told('one by one', ofPostgres.single / ofFile.single, ofPostgres.single);
  } finally {
    await postgres.close();
    await file.close();
    server.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

const missing = whyNoPostgres();
if (missing === undefined) await measure();
else
  report({ name: `ingest-postgres: ${missing}`, ratio: 0, bar: null, value: 0, unit: 'readings/s', runs: 0 });
