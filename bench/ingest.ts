/**
 * What the write API makes of the largest batches that the wire carries, as rows a second relative to a reference measured
 * in the same run: 500 rows through one prepared statement in one FULL transaction into a plain table
 * keyed by `(gw, seq)`. The second line does the same with the clustered table that the store has: what
 * lies between the two is the price of reading a series in one stretch, and the rest is ours. The paths
 * take turns, so that a noisy moment hits all of them; a ratio is that of the medians.
 *
 * Sender and API share this process, so the sender's own work is part of the HTTP line. Behind
 * docs/decisions/0007-a-verdict-on-each-reading.md.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { openDatabase } from '../lib/base/sqlite.ts';
import { BatchRequest, type BatchRow } from '../lib/flow/batch.ts';
import { BATCH_ROWS_MAX, BatchAnswer } from '../lib/flow/reading.ts';
import { batchOf } from '../lib/flow/write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../lib/flow/write-api/limits.ts';
import { createWriteApi } from '../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { median, report } from './report.ts';

/** Not counted: a server that has just started is measured by its compiler, not by its work. */
const WARM_UP_TURNS = 20;
const TURNS = 51;
const BATCH_ROWS = BATCH_ROWS_MAX;
const REFERENCE_ROWS = 500;
/** Twenty sensors of two metrics: one batch is 100 rounds of them. */
const SERIES_COUNT = 40;
const FIRST_AT = Date.UTC(2026, 0, 15, 16, 9, 35);
const ROUND_MS = 10_000;

const SERIES = Array.from({ length: SERIES_COUNT }, (_, i) => ({
  sensor: `sensor-${i >> 1}`,
  metric: i % 2 === 0 ? 'temperature' : 'humidity',
  unit: i % 2 === 0 ? 'celsius' : 'percent',
}));

/** As a reader sends them while it drains a backlog: round by round. Each call goes on where the last ended. */
function rowsInOrder(): (count: number) => BatchRow[] {
  let seq = 0;
  return (count) =>
    Array.from({ length: count }, (): BatchRow => {
      seq += 1;
      const round = Math.floor((seq - 1) / SERIES_COUNT);
      return [seq, (seq - 1) % SERIES_COUNT, FIRST_AT + round * ROUND_MS, 20 + (seq % 1_000) / 100];
    });
}

const bodyOf = (readings: BatchRow[]) => ({
  gateway: 'bench',
  stream: 'benchstream',
  series: SERIES,
  readings,
});

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
const world = { clock: systemClock, random: systemRandom, observe: () => {} };
const bare = openDatabase({
  file: join(dir, 'bare.db'),
  applicationId: 1,
  migrations: [
    `CREATE TABLE plain (
       gw TEXT, seq INTEGER, sensor TEXT, metric TEXT, ts INTEGER, value REAL, PRIMARY KEY (gw, seq)
     ) WITHOUT ROWID;
     CREATE TABLE clustered (
       series INTEGER, at INTEGER, stream INTEGER, seq INTEGER, value REAL, flags INTEGER,
       PRIMARY KEY (series, at, stream, seq)
     ) WITHOUT ROWID;`,
  ],
});
const insertPlain = bare.prepare('INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?)');
const insertClustered = bare.prepare('INSERT INTO clustered VALUES (?, ?, ?, ?, ?, ?)');
const plain = bare.transaction((rows: readonly BatchRow[]) => {
  for (const [seq, index, at, value] of rows) {
    insertPlain.run('bench', seq, SERIES[index]?.sensor, SERIES[index]?.metric, at, value);
  }
});
const clustered = bare.transaction((rows: readonly BatchRow[]) => {
  for (const [seq, index, at, value] of rows) insertClustered.run(index, at, 1, seq, value, 0);
});

const direct = createSqliteStore({ file: join(dir, 'direct.db'), world });
const store = createSqliteStore({ file: join(dir, 'store.db'), world });
const api = createWriteApi({ store, world, version: '0.0.0' });
const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const context = {
  nowAt: systemClock.wallMs(),
  limits: WRITE_API_LIMITS,
  ownStream: store.ownStream,
  defaultGateway: 'bench',
};

async function post(body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request({ agent, port, method: 'POST', path: '/api/v1/batches', headers });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  const { stored } = BatchAnswer.parse(JSON.parse(await text(answer)));
  const [lo = 0, hi = 0] = stored[0] ?? [];
  if (hi - lo + 1 !== BATCH_ROWS) throw new Error(`not all was stored: ${JSON.stringify(stored)}`);
}

interface Path {
  readonly name: string;
  readonly rows: number;
  /** What it needs is made here, before the clock starts. */
  prepare(): () => unknown;
}

function path(name: string, rows: number, prepare: (all: BatchRow[]) => () => unknown): Path {
  const next = rowsInOrder();
  return { name, rows, prepare: () => prepare(next(rows)) };
}

/** The row that has a bar; the others say where its time goes. */
const OVER_HTTP = '4000 rows over HTTP';

const REFERENCE = path(
  'reference: 500 rows, plain table',
  REFERENCE_ROWS,
  (all) => () => plain.immediate(all),
);
const PATHS: readonly Path[] = [
  REFERENCE,
  path('500 rows, clustered table', REFERENCE_ROWS, (all) => () => clustered.immediate(all)),
  path(OVER_HTTP, BATCH_ROWS, (all) => {
    const body = JSON.stringify(bodyOf(all));
    return () => post(body);
  }),
  path('4000 rows, store.ingest alone', BATCH_ROWS, (all) => {
    const batch = batchOf(bodyOf(all), context);
    return () => direct.ingest([batch]);
  }),
  path('4000 rows, JSON.parse alone', BATCH_ROWS, (all) => {
    const body = JSON.stringify(bodyOf(all));
    return () => JSON.parse(body);
  }),
  path(
    '4000 rows, rows and envelope checked, alone',
    BATCH_ROWS,
    (all) => () => batchOf(bodyOf(all), context),
  ),
  path(
    '4000 rows, checked by the schema instead',
    BATCH_ROWS,
    (all) => () => BatchRequest.parse(bodyOf(all)),
  ),
];

const taken = new Map<Path, number[]>(PATHS.map((one) => [one, []]));
for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
  for (const [one, tookMs] of taken) {
    const work = one.prepare();
    const startedMono = systemClock.monotonicMs();
    await work();
    const spentMs = systemClock.monotonicMs() - startedMono;
    if (turn >= 0) tookMs.push(spentMs);
  }
}
agent.destroy();
await api.close();
await store.close();
await direct.close();
bare.close();
rmSync(dir, { recursive: true });

const referenceMs = median(taken.get(REFERENCE) ?? []);
for (const [{ name, rows }, tookMs] of taken) {
  const value = median(tookMs);
  // Rows a second as a multiple of the reference's: above 1 is faster.
  const ratio = (rows / value) * (referenceMs / REFERENCE_ROWS);
  const bar = name === OVER_HTTP ? '>= 0.6' : null;
  report({
    name: name === OVER_HTTP ? 'ingest' : `ingest: ${name}`,
    ratio,
    bar,
    value,
    unit: 'ms',
    runs: TURNS,
  });
}
