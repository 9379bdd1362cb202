/**
 * What a reader costs the store: batches of 4,000 readings into a store that holds a year of eight sensors, while
 * another process reads that year from its beginning to its end, again and again, in the pages that readers ask in;
 * against the same without it. The two take turns, a few batches each, so that a noisy moment hits both.
 *
 * The reader has the priority that the unit of the monitor gives it. Storing costs the same CPU time either way, 11 ms
 * a batch; where two cores have more to do than these two processes, a reader of equal rank would take its share of
 * them, and that is what would be measured. The second line says that it does read meanwhile.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import type { BatchRow } from '../lib/flow/batch.ts';
import { BATCH_ROWS_MAX } from '../lib/flow/reading.ts';
import { openStoreReadOnly } from '../lib/flow/write-api/store/sqlite-reader.ts';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { median, report } from './report.ts';

const SERIES_COUNT = 8;
/** A year of a reading every ten minutes: 420,000 in all. */
const INTERVAL_MS = 600_000;
const YEAR_ROWS = (SERIES_COUNT * 365 * 86_400_000) / INTERVAL_MS;
const FIRST_AT = Date.UTC(2025, 0, 1);
const TURNS = 31;
const BATCHES_A_TURN = 4;

const ROWS_A_TURN = 1_000;

const SCANNER = 'scan';

if (process.argv[2] === SCANNER) await scan(process.argv[3] ?? '');
else await measure();

async function measure(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  const file = join(dir, 'store.db');
  const world = { clock: systemClock, random: systemRandom, observe: () => {} };
  const store = createSqliteStore({ file, world });
  const series = Array.from({ length: SERIES_COUNT }, (_, i) => ({
    gateway: 'bench',
    sensor: `sensor-${i}`,
    metric: 'temperature',
    unit: 'celsius',
  }));
  let seq = 0;
  const ingest = async () => {
    const rows = Array.from({ length: BATCH_ROWS_MAX }, (): BatchRow => {
      seq += 1;
      const at = FIRST_AT + Math.floor((seq - 1) / SERIES_COUNT) * INTERVAL_MS;
      return [seq, (seq - 1) % SERIES_COUNT, at, 20 + (seq % 1_000) / 100];
    });
    const rest = { refused: [], gone: [], sources: [], corrections: [] };
    const startedMono = performance.now();
    await store.ingest([{ stream: 'benchstream', gateway: 'bench', series, rows, ...rest }]);
    return performance.now() - startedMono;
  };
  while (seq < YEAR_ROWS) await ingest();

  const scanner = fork(fileURLToPath(import.meta.url), [SCANNER, file]);
  const tell = async (word: 'go' | 'rest'): Promise<number> => {
    scanner.send(word);
    const [rows] = await once(scanner, 'message');
    return Number(rows);
  };
  const ratios: number[] = [];
  const rates: number[] = [];
  const scans: number[] = [];
  for (let turn = -1; turn < TURNS; turn += 1) {
    const spentMs = { alone: 0, under: 0 };
    for (let i = 0; i < BATCHES_A_TURN; i += 1) spentMs.alone += await ingest();
    await tell('go');
    for (let i = 0; i < BATCHES_A_TURN; i += 1) spentMs.under += await ingest();
    const scanned = await tell('rest');
    if (turn < 0) continue; // The compiler's turn.
    ratios.push(spentMs.alone / spentMs.under);
    rates.push((BATCHES_A_TURN * BATCH_ROWS_MAX) / (spentMs.under / 1_000));
    scans.push(scanned / (spentMs.under / 1_000));
  }
  scanner.disconnect();
  await once(scanner, 'exit');
  await store.close();
  rmSync(dir, { recursive: true, force: true });
  report({
    name: 'ingest-under-scan',
    ratio: median(ratios),
    bar: '>= 0.8',
    value: median(rates),
    unit: 'readings/s',
    runs: TURNS,
  });
  report({
    name: 'ingest-under-scan: read meanwhile',
    ratio: median(scans) / median(rates),
    bar: null,
    value: median(scans),
    unit: 'readings/s',
    runs: TURNS,
  });
}

/** Reads while it is told to go; answers when it has begun, and, with how many it has read, when it rests. */
async function scan(file: string): Promise<void> {
  const unit = readFileSync('sensor-monitor.service', 'utf8');
  setPriority(Number(/^Nice=(\d+)$/m.exec(unit)?.[1]));
  const reader = openStoreReadOnly(file);
  let wanted = false;
  let begun = () => {};
  process.on('message', (word) => {
    wanted = word === 'go';
    if (wanted) begun();
  });
  process.once('disconnect', () => process.exit(0));
  for (;;) {
    if (!wanted) {
      const go = new Promise<void>((resolve) => {
        begun = resolve;
      });
      await go;
    }
    let rows = 0;
    while (wanted) {
      for await (const _ of reader.readings({ sinceAt: FIRST_AT })) {
        if (rows === 0) process.send?.(0);
        rows += 1;
        // A page of rows comes without a turn of the event loop, in which it would hear what it is told.
        if (rows % ROWS_A_TURN === 0) await nextTurn();
        if (!wanted) break;
      }
    }
    process.send?.(rows);
  }
}
