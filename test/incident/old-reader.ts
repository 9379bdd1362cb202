/**
 * A small model of the reader that hung on 2026-01-15, faithful to what INCIDENT_ANALYSIS.md knows of it:
 *
 * - one loop reads the sensors one after the other and posts each reading, with a timeout each;
 * - a reading that cannot be posted goes into a backup in SQLite, through a pool of sessions;
 * - every few seconds a "thread" begins to upload the backup in bulk, whether or not the last one has
 *   ended, and holds its session until the API has answered;
 * - a reading has no id, so the API cannot tell a second copy from a second reading.
 *
 * Threads are asynchronous tasks here: what they hold and for how long is what matters. A program of its
 * own, because its memory and its sockets are measured from outside; it reports as JSON lines.
 */

import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { OLD_READER, OLD_SENSORS, type OldReaderLine } from './old-design.ts';
import { createSessionPool, PoolExhausted, type Session } from './session-pool.ts';

/** Known of the old design. */
const INTERVAL_MS = 10_000;
const POST_TIMEOUT_MS = 10_000;
const UPLOAD_TIMEOUT_MS = 30_000;

/** SQLAlchemy's defaults for the sessions of a pool and for the wait for one. */
const POOL_SESSIONS = 5;
const POOL_WAIT_MS = 30_000;

/**
 * Not known. It is known that the pool filled: with uploads that hold a session for 30 s, a pool of 5 does
 * so only if one begins every 6 s or more often.
 */
const SYNC_INTERVAL_MS = 5_000;

/** A bulk upload takes the oldest readings of the backup, and so does the next one if it has not ended. */
const UPLOAD_ROWS_MAX = 100;

interface OldReading {
  readonly sensor: string;
  readonly metric: 'temperature';
  readonly unit: 'celsius';
  readonly value: number;
  readonly at: number;
}

const port = Number(process.env[OLD_READER.port]);
const scale = Number(process.env[OLD_READER.scale]);
const file = join(process.env[OLD_READER.dir] ?? '.', 'backup.db');
const pool = createSessionPool(
  Array.from({ length: POOL_SESSIONS }, () => openBackup(file)),
  POOL_WAIT_MS / scale,
);

setInterval(() => void syncThread(), SYNC_INTERVAL_MS / scale);
for (;;) await turn();

async function turn(): Promise<void> {
  const startMono = performance.now();
  for (const sensor of OLD_SENSORS) await takeReading(sensor);
  const durationMs = performance.now() - startMono;
  say({ event: 'turn.ended', at: Date.now(), durationMs: Math.round(durationMs) });
  await sleep(Math.max(0, INTERVAL_MS / scale - durationMs));
}

async function takeReading(sensor: string): Promise<void> {
  const at = Date.now();
  const reading: OldReading = {
    sensor,
    metric: 'temperature',
    unit: 'celsius',
    value: 20 + (at % 100) / 50,
    at,
  };
  say({ event: 'reading.taken', sensor, at });
  if (await post([reading], POST_TIMEOUT_MS / scale)) return;
  try {
    const session = await acquire();
    session.connection
      .prepare('INSERT INTO backup (at, reading) VALUES (?, ?)')
      .run(at, JSON.stringify(reading));
    session.release();
  } catch (error) {
    if (!(error instanceof PoolExhausted)) throw error;
    say({ event: 'reading.lost', sensor, at });
  }
}

/** Begins on time whatever has become of the last one. */
async function syncThread(): Promise<void> {
  try {
    const session = await acquire();
    await upload(session);
    session.release();
  } catch (error) {
    // This thread has ended; the next one is on its way.
    if (!(error instanceof PoolExhausted)) throw error;
  }
}

/** The session is held over the request: it read the rows, and it will delete them. */
async function upload({ connection }: Session<Database.Database>): Promise<void> {
  const rows = connection
    .prepare<[number], { id: number; reading: string }>('SELECT id, reading FROM backup ORDER BY id LIMIT ?')
    .all(UPLOAD_ROWS_MAX);
  if (rows.length === 0) return;
  const readings = rows.map((row): OldReading => JSON.parse(row.reading));
  if (!(await post(readings, UPLOAD_TIMEOUT_MS / scale))) return;
  const remove = connection.prepare('DELETE FROM backup WHERE id = ?');
  connection.transaction(() => {
    for (const { id } of rows) remove.run(id);
  })();
}

async function acquire(): Promise<Session<Database.Database>> {
  const acquired = pool.acquire();
  say({ event: 'pool.waited_for', waiting: pool.waiting() });
  return await acquired;
}

/** On a connection of its own, as `requests.post` does it. Says whether it was answered with success in time. */
function post(readings: readonly OldReading[], timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const body = JSON.stringify(readings);
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/api/v1/readings',
      method: 'POST',
      agent: new Agent({ keepAlive: false }),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    const timer = setTimeout(() => sent.destroy(), timeoutMs);
    const end = (ok: boolean) => {
      clearTimeout(timer);
      resolve(ok);
    };
    sent.once('response', (answer) => {
      answer.resume().once('close', () => end(answer.statusCode === 200));
    });
    sent.once('error', () => end(false)).once('close', () => end(false));
    sent.end(body);
  });
}

function openBackup(path: string): Database.Database {
  const connection = new Database(path);
  connection.pragma('journal_mode = WAL');
  connection.exec(
    'CREATE TABLE IF NOT EXISTS backup (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, reading TEXT NOT NULL)',
  );
  return connection;
}

function say(line: OldReaderLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
