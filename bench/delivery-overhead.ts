/**
 * What breaker and bookkeeping cost: the same batches of 500 readings to the same server, once by a bare
 * POST that reads the answer, once through breaker, deadline, classification, acknowledgement and metrics.
 * Both take turns on connections of their own; the server does nothing but parse and name what it got.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { openOutbox } from '../lib/flow/outbox/open-outbox.ts';
import type { OutgoingBatch } from '../lib/flow/outbox/outbox.ts';
import { createBreaker } from '../lib/flow/sync/breaker.ts';
import { createHttpDelivery } from '../lib/flow/sync/deliver.ts';
import { createDelivery } from '../lib/flow/sync/delivery.ts';
import { createReaderMetrics } from '../lib/ops/metrics/reader-metrics.ts';
import { median, report } from './report.ts';

const RUNS = 5;
const BATCHES = 200;
const BATCH_ROWS = 500;

/** Names the whole batch as stored; contiguous seqs make that one range. */
const SERVER = `
  require('node:http').createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; }).on('end', () => {
      const { readings } = JSON.parse(text);
      response.writeHead(200, { 'content-type': 'application/json', 'sensorgw-api': 'sensor-api-write/0.0.0; schema=1' });
      response.end(JSON.stringify({ stored: [[readings[0][0], readings.at(-1)[0]]], duplicate: [], refused: [] }));
    });
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = `http://127.0.0.1:${String((await once(server.stdout, 'data'))[0]).trim()}`;

const metrics = createReaderMetrics({
  destinations: ['local'],
  intervalMs: 10_000,
  outboxBytesMax: 268_435_456,
});
const world = { clock: systemClock, random: systemRandom, observe: metrics.observe };
const outbox = openOutbox({
  file: join(dir, 'outbox.db'),
  gateway: 'bench',
  destinations: ['local'],
  world,
  bootId: 'bench',
});
const breaker = createBreaker({ name: 'local', world, load: () => undefined, save: () => {} });
const http = createHttpDelivery({ url });
const delivery = createDelivery(
  { name: 'local', outbox, world, breaker, deliver: http.deliver, quietUntilMono: () => 0 },
  { deadlineMs: { live: 10_000, backfill: 30_000 } },
);
const bare = new Client(url, { pipelining: 1 });
const never = new AbortController().signal;

const ratios: number[] = [];
const overheadsUs: number[] = [];
for (let run = 0; run <= RUNS; run += 1) {
  const spentMs = { bare: 0, ours: 0 };
  for (let i = 0; i < BATCHES; i += 1) {
    const batch = nextBatch();
    spentMs.bare += await timed(() => post(batch));
    spentMs.ours += await timed(() => delivery.send('backfill', batch, never));
  }
  if (run === 0) continue; // Warm-up: the compiler's, not ours.
  ratios.push(spentMs.ours / spentMs.bare);
  overheadsUs.push(((spentMs.ours - spentMs.bare) * 1_000) / (BATCHES * BATCH_ROWS));
}
await Promise.all([http.close(), bare.close()]);
breaker.close();
outbox.close();
server.kill();
rmSync(dir, { recursive: true, force: true });
report({
  name: 'delivery-overhead',
  ratio: median(ratios),
  bar: '<= 1.5',
  value: median(overheadsUs),
  unit: 'us/reading',
  runs: RUNS,
});

function nextBatch(): OutgoingBatch {
  outbox.append(
    Array.from({ length: BATCH_ROWS }, (_, i) => ({
      sensor: `sensor-${i % 20}`,
      metric: 'temperature',
      unit: 'celsius',
      at: 1_768_493_375_000 + i,
      value: 20 + i / 100,
      flags: 0,
      monoMs: i,
    })),
  );
  const batch = outbox.batch('local', { order: 'newest', rowsMax: BATCH_ROWS, bytesMax: 1_048_576 });
  if (batch === undefined) throw new TypeError('an outbox without its newest rows');
  return batch;
}

async function post(batch: OutgoingBatch): Promise<void> {
  const answer = await bare.request({
    method: 'POST',
    path: '/api/v1/batches',
    headers: { 'content-type': 'application/json' },
    body: batch.body,
  });
  await answer.body.json();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMono = performance.now();
  await work();
  return performance.now() - startedMono;
}
