/**
 * How fast a backlog reaches the store, end to end: the two built programs on loopback, from the reader's
 * first batch to its last acknowledgement, against the bare insert loop measured before and after each run.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { openOutbox } from '../lib/flow/outbox/open-outbox.ts';
import { freePort } from '../test/support/free-port.ts';
import { bareInsertRate } from './reference.ts';
import { median, report } from './report.ts';

const RUNS = 5;
const BACKLOG_ROWS = 200_000;
const REFERENCE_ROWS = 100_000;
const SERIES = 40;

const program = (name: string) => join(process.cwd(), 'dist/src', `${name}.js`);

const rates: number[] = [];
const ratios: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  try {
    fillOutbox(join(dir, 'outbox.db'));
    const before = bareInsertRate(join(dir, 'bare.db'), REFERENCE_ROWS);
    const rate = await drainRate(dir);
    const after = bareInsertRate(join(dir, 'bare.db'), REFERENCE_ROWS);
    rates.push(rate);
    ratios.push(rate / ((before + after) / 2));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
report({
  name: 'drain',
  ratio: median(ratios),
  bar: '>= 0.5',
  value: median(rates),
  unit: 'readings/s',
  runs: RUNS,
});

function fillOutbox(file: string): void {
  const world = { clock: systemClock, random: systemRandom, observe() {} };
  const outbox = openOutbox({
    file,
    gateway: 'bench',
    destinations: ['local'],
    world,
    bootId: 'bench',
    synchronous: 'NORMAL',
  });
  const firstAt = Date.now() - (BACKLOG_ROWS / SERIES) * 10_000;
  for (let row = 0; row < BACKLOG_ROWS; row += SERIES) {
    const at = firstAt + (row / SERIES) * 10_000;
    outbox.append(
      Array.from({ length: SERIES }, (_, i) => ({
        sensor: `sensor-${i >> 1}`,
        metric: i % 2 === 0 ? 'temperature' : 'humidity',
        unit: i % 2 === 0 ? 'celsius' : 'percent',
        at,
        value: 20 + ((row + i) % 1_000) / 100,
        flags: 0,
        monoMs: at - firstAt,
      })),
    );
  }
  outbox.close();
}

/** Readings a second, by the reader's own account of its drain. */
async function drainRate(dir: string): Promise<number> {
  const port = await freePort();
  const runDir = join(dir, 'run');
  mkdirSync(runDir);
  const env = {
    PATH: process.env.PATH,
    SENSORGW_DATA_DIR: dir,
    SENSORGW_RUN_DIR: runDir,
    SENSORGW_API_PORT: String(port),
    SENSORGW_LOG_FORMAT: 'json',
    SENSORGW_SAMPLING_INTERVAL: '1h',
  };
  const start = (name: string) =>
    spawn(process.execPath, [program(name)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const api = start('sensor-api-write');
  await lineOf(api, (line) => String(line.msg).startsWith('write API listens'));
  const reader = start('sensor-main');
  const { rows, durationMs } = await lineOf(reader, (line) => line.event === 'backlog.drained');
  for (const child of [reader, api]) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  return Number(rows) / (Number(durationMs) / 1_000);
}

async function lineOf(child: ChildProcess, matches: (line: Record<string, unknown>) => boolean) {
  if (child.stdout === null) throw new TypeError('a child whose output is not piped');
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (matches(line)) {
      child.stdout.resume();
      return line;
    }
  }
  throw new Error('the program ended before it was measured');
}
