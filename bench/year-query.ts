/**
 * What a question about a year costs that has room for 1,000 points: the rollups of its days, the finest level that
 * fits, against one indexed look for a single reading in the same file, in turns. Besides, a thousand rollups of
 * hours, and the same question asked of the readings, to say what rollups are for. All of it is SQL on a connection
 * that only reads.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { openDatabaseReadOnly } from '../lib/base/sqlite.ts';
import type { BatchRow } from '../lib/flow/batch.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../lib/flow/write-api/store/schema.ts';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { median, report } from './report.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
/** A reading a minute: half a million in a year, of each of two series. */
const INTERVAL_MS = 60_000;
const FIRST_AT = Date.UTC(2025, 0, 1);
const POINTS = 1_000;
const TURNS = 201;
const RAW_TURNS = 5;
const BATCH_ROWS = 4_000;

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
try {
  const file = join(dir, 'store.db');
  await fill(file);
  measure(file);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function fill(file: string): Promise<void> {
  const world = { clock: systemClock, random: systemRandom, observe: () => {} };
  const store = createSqliteStore({ file, world });
  const series = ['temperature', 'humidity'].map((metric) => ({
    gateway: 'bench',
    sensor: 'roof',
    metric,
    unit: 'unit',
  }));
  const count = (2 * YEAR_MS) / INTERVAL_MS;
  for (let from = 0; from < count; from += BATCH_ROWS) {
    const rows = Array.from({ length: Math.min(BATCH_ROWS, count - from) }, (_, i): BatchRow => {
      const n = from + i;
      return [n + 1, n % 2, FIRST_AT + Math.floor(n / 2) * INTERVAL_MS, 20 + (n % 1_000) / 100];
    });
    const rest = { refused: [], gone: [], sources: [], corrections: [] };
    await store.ingest([{ stream: 'benchstream', gateway: 'bench', series, rows, ...rest }]);
  }
  // The rollups of a backlog follow when it is through.
  await systemClock.sleep('the backlog is through', 3_000);
  while (await store.maintain());
  await store.close();
}

function measure(file: string): void {
  const database = openDatabaseReadOnly({
    file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
  });
  const lookup = database.prepare<[number, number]>(
    'SELECT value FROM readings WHERE series = ? AND at = ? LIMIT 1',
  );
  const columns = 'at, flags, count, mean, min, max, first, first_ms, last, last_ms';
  const rolled = database
    .prepare<[number, number, number]>(
      `SELECT ${columns} FROM rollups WHERE level = ? AND series = 1 AND at >= ? AND at < ? ORDER BY at`,
    )
    .raw();
  const plain = database
    .prepare<[number, number, number, number]>(
      `SELECT (at - ?) / ? AS point, count(*), avg(value), min(value), max(value) FROM readings
       WHERE series = 1 AND at >= ? AND at < ? GROUP BY point`,
    )
    .raw();
  const paths = {
    lookup: (at: number) => lookup.get(1, at),
    days: () => rolled.all(2, FIRST_AT, FIRST_AT + YEAR_MS),
    hours: () => rolled.all(1, FIRST_AT, FIRST_AT + POINTS * HOUR_MS),
  };
  const tookUs = { lookup: [] as number[], days: [] as number[], hours: [] as number[] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    const at = FIRST_AT + Math.floor((turn / TURNS) * (YEAR_MS / INTERVAL_MS)) * INTERVAL_MS;
    for (const path of ['lookup', 'days', 'hours'] as const) tookUs[path].push(timed(() => paths[path](at)));
  }
  const rawUs = Array.from({ length: RAW_TURNS }, () =>
    timed(() => plain.all(FIRST_AT, YEAR_MS / POINTS, FIRST_AT, FIRST_AT + YEAR_MS)),
  );
  database.close();
  const say = (name: string, took: readonly number[], bar: '<= 50' | null) =>
    report({
      name,
      ratio: median(took) / median(tookUs.lookup),
      bar,
      value: median(took),
      unit: 'us',
      runs: took.length,
    });
  say('year-query', tookUs.days, '<= 50');
  say('year-query: 1000 rollups of hours', tookUs.hours, null);
  say('year-query: of the readings themselves', rawUs, null);
}

function timed(work: () => unknown): number {
  const startedMono = performance.now();
  work();
  return 1_000 * (performance.now() - startedMono);
}
