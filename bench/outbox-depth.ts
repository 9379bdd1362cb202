/**
 * Whether a backlog makes the outbox slow: what it costs to accept a reading and to let another one leave,
 * acknowledged and deleted, while 10^3, 10^5 and 10^7 others wait. Each as a ratio to the smallest backlog;
 * the depths take turns, so that a noisy moment hits all of them, and a ratio is the median of its turns.
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outbox } from '../lib/flow/outbox/outbox.ts';
import { fillOutbox, openBenchOutbox, readings } from './fill-outbox.ts';
import { median, report } from './report.ts';

const DEPTHS = [1_000, 100_000, 10_000_000];
const ROWS = 500;
const TURNS = 61;
const WARM_UP_TURNS = 5;

interface Filled {
  readonly depth: number;
  readonly outbox: Outbox;
  /** Its rows belong to this stream, or to the one that writes now. */
  readonly filledStream: string;
  readonly tookMs: number[];
  readonly openedMs: number;
  readonly bytes: number;
  /** The oldest row that is not acknowledged. */
  next: number;
}

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
try {
  const outboxes = DEPTHS.map(fill);
  for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
    for (const one of outboxes) {
      const startedMono = performance.now();
      acceptAndRelease(one);
      if (turn >= 0) one.tookMs.push(performance.now() - startedMono);
    }
  }
  const smallestMs = outboxes[0]?.tookMs ?? [];
  for (const { depth, tookMs, openedMs, bytes, outbox } of outboxes) {
    report({
      name: `outbox-depth: ${depth} rows wait (${Math.round(bytes / 1_048_576)} MiB, opened in ${Math.round(openedMs)} ms)`,
      // Turn by turn: the two sides of each ratio were measured within the same instant.
      ratio: median(tookMs.map((ms, turn) => ms / (smallestMs[turn] ?? ms))),
      bar: depth === DEPTHS.at(-1) ? '<= 1.5' : null,
      value: (1_000 * median(tookMs)) / ROWS,
      unit: 'us/reading',
      runs: TURNS,
    });
    outbox.close();
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function fill(depth: number): Filled {
  const file = join(dir, `${depth}.db`);
  const filledStream = fillOutbox(file, depth);
  const startedMono = performance.now();
  const outbox = openBenchOutbox(file, 'FULL');
  const openedMs = performance.now() - startedMono;
  return { depth, outbox, filledStream, tookMs: [], openedMs, bytes: statSync(file).size, next: 1 };
}

/** One commit: 500 readings come in, and 500 that are acknowledged leave. */
function acceptAndRelease(one: Filled): void {
  const seqs = [[one.next, one.next + ROWS - 1]] as const;
  for (const stream of new Set([one.filledStream, one.outbox.stream])) {
    one.outbox.acknowledge('local', stream, seqs);
  }
  one.next += ROWS;
  one.outbox.append(readings(ROWS, one.depth + one.next));
}
