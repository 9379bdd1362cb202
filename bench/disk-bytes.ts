/**
 * How much the two programs write to the disk when all is well, by the kernel's account (/proc/PID/io):
 * outbox and store together, against a bare transaction with synchronous=FULL for each round. Everything is
 * included: locks, acknowledgements, checkpoints. Rounds come every 10 s by the reader's clock, which is
 * hurried, so that what happens once a while happens as often a round as it does in life.
 *
 * Where the bytes go: a commit writes each page that it touches whole
 * (docs/decisions/0018-a-round-touches-few-pages.md).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openDatabase } from '../lib/base/sqlite.ts';
import { runProgram } from '../src/wiring/program.ts';
import { READER, startReader } from '../src/wiring/reader.ts';
import { freePort } from '../test/support/free-port.ts';
import { hurriedClock } from '../test/support/hurried-clock.ts';
import { median, report } from './report.ts';

/** Ten seconds of the reader in real time: 400 ms. */
const HURRY = 25;
const RUNS = 3;
/** Until the ballast is made and the first checkpoint is over. */
const WARM_UP_ROUNDS = 95;
/** The outbox is checkpointed every 90 rounds; the store moves its recent readings every 250. */
const ROUNDS = 180;
/** In real time; twice what a run takes on a quiet machine. */
const RUN_MAX_MS = 240_000;

if (process.argv[2] === READER) {
  process.argv.pop();
  await runProgram(READER, (context) => {
    const hurried = hurriedClock(context.clock, HURRY);
    // Both clocks hurry, or it would look as if somebody set one; and no reading may come from the future.
    const offsetMs = context.clock.wallMs() - 2 * HURRY * RUN_MAX_MS - hurried.monotonicMs();
    const wallMs = () => Math.round(offsetMs + hurried.monotonicMs());
    return startReader({ ...context, clock: { ...hurried, wallMs } });
  });
}

const ours: number[] = [];
const ratios: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  try {
    const { outbox, store, readings } = await programs(dir);
    const bare = bareBytes(join(dir, 'bare.db'), readings);
    if (bare === 0) throw new Error(`${tmpdir()} is no disk: set TMPDIR to a directory on one`);
    console.error(
      `a round of ${readings}: outbox ${Math.round(outbox)}, store ${Math.round(store)}, bare ${Math.round(bare)} bytes`,
    );
    ours.push((outbox + store) / readings);
    ratios.push((outbox + store) / bare);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
report({
  name: 'disk-bytes: outbox and store',
  ratio: median(ratios),
  bar: '<= 2.5',
  value: median(ours),
  unit: 'bytes/reading',
  runs: RUNS,
});

/** Bytes a round that each program writes, and readings in a round. */
async function programs(dir: string): Promise<{ outbox: number; store: number; readings: number }> {
  const runDir = mkdtempSync(join('/dev/shm', 'sensorgw-bench-'));
  const env = {
    PATH: process.env.PATH,
    SENSORGW_DATA_DIR: dir,
    // On a RAM file system, as /run is.
    SENSORGW_RUN_DIR: runDir,
    SENSORGW_API_PORT: String(await freePort()),
    SENSORGW_LOG_FORMAT: 'json',
    SENSORGW_LOG_LEVEL: 'debug',
    SENSORGW_SOURCES: '[simulated]',
    // By the reader's clock.
    SENSORGW_DELIVERY_REQUEST_TIMEOUT: '1m',
    SENSORGW_DELIVERY_BATCH_TIMEOUT: '1m',
  };
  const start = (script: string, ...args: string[]) =>
    spawn(process.execPath, [script, ...args], {
      env: {
        ...env,
        SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${env.SENSORGW_API_PORT}"}]`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const api = start(join(process.cwd(), 'dist/src/sensor-api-write.js'));
  await listening(api);
  const reader = start(process.argv[1] ?? '', READER);
  try {
    const lines = storedRounds(reader);
    await rounds(lines, WARM_UP_ROUNDS);
    const before = [bytesWritten(reader), bytesWritten(api)] as const;
    const readings = await rounds(lines, ROUNDS);
    return {
      outbox: (bytesWritten(reader) - before[0]) / ROUNDS,
      store: (bytesWritten(api) - before[1]) / ROUNDS,
      readings: readings / ROUNDS,
    };
  } finally {
    for (const child of [reader, api]) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }
    rmSync(runDir, { recursive: true, force: true });
  }
}

/** A reader that is sooner would begin with an outage. */
async function listening({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new TypeError('a child whose output is not piped');
  for await (const text of createInterface({ input: stdout })) {
    if (!String(JSON.parse(text).msg).startsWith('write API listens')) continue;
    stdout.resume();
    return;
  }
  throw new Error('the write API ended before it listened');
}

/** How many readings each round had that was stored. */
async function* storedRounds(reader: ChildProcess): AsyncGenerator<number> {
  if (reader.stdout === null) throw new TypeError('a child whose output is not piped');
  for await (const text of createInterface({ input: reader.stdout })) {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (line.event !== 'batch.delivered') continue;
    if (line.outcome !== 'stored') throw new Error(`this is no steady state: ${text}`);
    yield Number(line.rows);
  }
  throw new Error('the reader ended before it was measured');
}

async function rounds(lines: AsyncGenerator<number>, n: number): Promise<number> {
  let readings = 0;
  for (let round = 0; round < n; round += 1) readings += (await lines.next()).value ?? 0;
  return readings;
}

/** What the kernel has written, or will write, to a disk because of this process. */
function bytesWritten({ pid }: { readonly pid?: number | undefined }): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Bytes for each of so many transactions of so many rows. */
function bareBytes(file: string, rows: number): number {
  const database = openDatabase({
    file,
    applicationId: 1,
    migrations: ['CREATE TABLE readings (seq INTEGER PRIMARY KEY, series INTEGER, at INTEGER, value REAL)'],
  });
  const insert = database.prepare('INSERT INTO readings (series, at, value) VALUES (?, ?, ?)');
  const round = database.transaction((at: number) => {
    for (let row = 0; row < Math.round(rows); row += 1) insert.run(row, at, 20 + row / 8);
  });
  for (let i = 0; i < WARM_UP_ROUNDS; i += 1) round.immediate(i);
  const before = bytesWritten(process);
  for (let i = 0; i < ROUNDS; i += 1) round.immediate(i);
  const bytes = bytesWritten(process) - before;
  database.close();
  return bytes / ROUNDS;
}
