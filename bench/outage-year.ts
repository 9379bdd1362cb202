/**
 * Whether a year without the write API fits into the default bound with nothing of it missing: five readings each
 * 10 s, which is 15.8 million, and each 60 s, as the reader samples by default meanwhile. How long the outbox then
 * takes to open, as a ratio to an empty one, and how fast it drains. NORMAL, because a year has 3 million rounds.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { type Outbox, openOutbox } from '../lib/flow/outbox/outbox.ts';
import { openOutboxReadOnly } from '../lib/flow/outbox/outbox-view.ts';
import { isOf, TIERS } from '../lib/flow/outbox/tiers.ts';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../lib/flow/reading.ts';
import { someRounds } from '../test/support/some-readings.ts';
import { median, report } from './report.ts';

const YEAR_MS = 365.25 * 86_400_000;
const SENSORS = 5;
const BYTES_MAX = 256 * 1_048_576;
const TEN_MINUTES_MS = 600_000;
/** In one commit. Fewer than a step of thinning takes, so that this keeps up. */
const ROUNDS_AT_ONCE = 120;
const OPENINGS = 9;

for (const everyMs of [10_000, 60_000]) {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  try {
    outage(dir, everyMs);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function outage(dir: string, everyMs: number): void {
  const file = join(dir, 'outbox.db');
  const name = `outage-year: ${SENSORS} each ${everyMs / 1_000} s`;
  const rounds = Math.floor(YEAR_MS / everyMs);
  const startedMono = performance.now();
  const outbox = open(file);
  for (let round = 0; round < rounds; round += ROUNDS_AT_ONCE)
    outbox.append(someRounds(Math.min(ROUNDS_AT_ONCE, rounds - round), round, { sensors: SENSORS, everyMs }));
  outbox.close();
  const fillMs = performance.now() - startedMono;

  const { tiers, covered, readingsCovered, bytesUsed } = look(file);
  report({
    name: `${name}: of the bound, with ${tiers.join(', ')} rows`,
    ratio: bytesUsed / BYTES_MAX,
    bar: '<= 1',
    value: bytesUsed / 1_048_576,
    unit: 'MiB',
    runs: 1,
  });
  report({
    name: `${name}: ten minutes covered`,
    ratio: covered / (SENSORS * Math.ceil((rounds * everyMs) / TEN_MINUTES_MS)),
    bar: '>= 1',
    value: readingsCovered,
    unit: 'readings',
    runs: 1,
  });
  report({
    name: `${name}: filling`,
    ratio: fillMs / (rounds * everyMs),
    bar: null,
    value: (rounds * SENSORS) / (fillMs / 1_000),
    unit: 'readings/s',
    runs: 1,
  });
  openings(name, file, join(dir, 'empty.db'));
  drain(name, file);
}

/** What is in the file: rows of each tier, and which ten minutes of which series have one. */
function look(file: string) {
  const view = openOutboxReadOnly(file);
  const rows = TIERS.map(() => 0);
  const buckets = new Set<string>();
  let readingsCovered = 0;
  for (const { seq, sensor, at, thinned } of view.rows()) {
    const tier = TIERS.findIndex((one) => isOf(one, seq));
    rows[tier] = (rows[tier] ?? 0) + 1;
    readingsCovered += thinned?.count ?? 1;
    buckets.add(`${sensor} ${Math.floor(at / TEN_MINUTES_MS)}`);
  }
  const { bytesUsed } = view.measures();
  view.close();
  return {
    tiers: TIERS.map(({ name }, i) => `${rows[i]} ${name}`),
    covered: buckets.size,
    readingsCovered,
    bytesUsed,
  };
}

/** Full and empty take turns. */
function openings(name: string, full: string, empty: string): void {
  open(empty).close();
  const tookMs = [full, empty].map((): number[] => []);
  for (let turn = 0; turn < OPENINGS; turn += 1) {
    for (const [i, file] of [full, empty].entries()) {
      const startedMono = performance.now();
      const outbox = open(file);
      tookMs[i]?.push(performance.now() - startedMono);
      outbox.close();
    }
  }
  const [fullMs = [], emptyMs = []] = tookMs;
  report({
    name: `${name}: opening`,
    ratio: median(fullMs) / median(emptyMs),
    bar: '<= 5',
    value: median(fullMs),
    unit: 'ms',
    runs: OPENINGS,
  });
}

/** As fast as batches can be made, acknowledged and trimmed. */
function drain(name: string, file: string): void {
  const outbox = open(file);
  const { rows } = outbox.backlog('local');
  const startedMono = performance.now();
  let oldestAt = 0;
  let outOfOrder = 0;
  for (;;) {
    const batch = outbox.batch('local', {
      order: 'oldest',
      rowsMax: BATCH_ROWS_MAX,
      bytesMax: BATCH_BYTES_MAX,
    });
    if (batch === undefined) break;
    if (batch.oldestAt < oldestAt) outOfOrder += 1;
    oldestAt = batch.oldestAt;
    outbox.acknowledge('local', batch.stream, batch.seqs);
    outbox.flush();
  }
  const drainMs = performance.now() - startedMono;
  outbox.close();
  report({
    name: `${name}: draining, batches out of order`,
    ratio: outOfOrder,
    bar: '<= 0',
    value: rows / (drainMs / 1_000),
    unit: 'rows/s',
    runs: 1,
  });
}

function open(file: string): Outbox {
  return openOutbox({
    file,
    gateway: 'bench',
    destinations: ['local'],
    world: { clock: systemClock, random: systemRandom, observe: () => {} },
    bootId: 'bench',
    bounds: { bytesMax: BYTES_MAX, diskReserveBytes: 0 },
    synchronous: 'NORMAL',
  });
}
