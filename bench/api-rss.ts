/**
 * Whether the write API grows with what it has stored: the resident size of the built program after 10,000,000
 * readings, against that after 10,000, over HTTP in batches of 4,000. Measured when it rests, as the median of a few
 * looks, since the collector of garbage may come at any time.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../lib/base/clock.ts';
import { BATCH_ROWS_MAX } from '../lib/flow/reading.ts';
import { freePort } from '../test/support/free-port.ts';
import { sizeOf } from '../test/support/process-size.ts';
import { median, report } from './report.ts';

const FEW = 10_000;
const MANY = Number(process.argv[2] ?? 10_000_000);
const SERIES_COUNT = 40;
const ROUND_MS = 10_000;
const FIRST_AT = Date.UTC(2023, 0, 1);
/** Until what the last batches have left behind is collected. */
const REST_MS = 3_000;
const LOOKS = 3;

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
const port = await freePort();
const api = spawn(process.execPath, [join(process.cwd(), 'dist/src/sensor-api-write.js')], {
  env: {
    PATH: process.env.PATH,
    SENSORGW_DATA_DIR: dir,
    SENSORGW_RUN_DIR: join(dir, 'run'),
    SENSORGW_API_PORT: String(port),
    SENSORGW_LOG_FORMAT: 'json',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
try {
  for await (const line of createInterface({ input: api.stdout })) {
    if (String(JSON.parse(line).msg).startsWith('write API listens')) break;
  }
  api.stdout.resume();
  let seq = 0;
  const sendUpTo = async (count: number) => {
    while (seq < count) {
      await post(seq);
      seq += BATCH_ROWS_MAX;
    }
    return rested();
  };
  const few = await sendUpTo(FEW);
  const many = await sendUpTo(MANY);
  report({
    name: `api-rss: after ${MANY} readings`,
    ratio: many / few,
    bar: '<= 1.3',
    value: many / 1_024,
    unit: 'MiB',
    runs: LOOKS,
  });
} finally {
  agent.destroy();
  api.kill('SIGTERM');
  if (api.exitCode === null) await once(api, 'exit');
  rmSync(dir, { recursive: true, force: true });
}

async function post(after: number): Promise<void> {
  const readings = Array.from({ length: BATCH_ROWS_MAX }, (_, i) => {
    const seq = after + i + 1;
    const at = FIRST_AT + Math.floor((seq - 1) / SERIES_COUNT) * ROUND_MS;
    return [seq, (seq - 1) % SERIES_COUNT, at, 20 + (seq % 1_000) / 100];
  });
  const series = Array.from({ length: SERIES_COUNT }, (_, i) => ({
    sensor: `sensor-${i}`,
    metric: 'temperature',
    unit: 'celsius',
  }));
  const body = JSON.stringify({ gateway: 'bench', stream: 'benchstream', series, readings });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request({ agent, port, method: 'POST', path: '/api/v1/batches', headers });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`the write API answered ${answer.statusCode}`);
}

async function rested(): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    await systemClock.sleep('rest', REST_MS);
    looks.push(sizeOf(api.pid ?? 0).residentKiB);
  }
  return median(looks);
}
