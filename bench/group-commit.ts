/**
 * What a shared commit is worth: 64 clients, each with a connection of its own, send one reading after the other
 * and wait for each answer. The reference is the same server on the same disk with a commit for each request.
 * Clients and server are processes of their own, the two servers take turns, and ratios are those of the medians.
 * The second line is the time that 99 of 100 answers took at most.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { createGroupCommit } from '../lib/flow/write-api/group-commit.ts';
import { createWriteApi } from '../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { createPoster, type Poster } from './poster.ts';
import { median, report } from './report.ts';

const CLIENTS = 64;
/** Not counted: a server that has just started is measured by its compiler. */
const WARM_UP_TURNS = 3;
const TURNS = 11;
/** About a second with a commit each, on a disk that takes 3 ms for one. */
const REQUESTS_EACH = 5;
const REQUESTS_GROUPED = 40;
const FIRST_AT = Date.UTC(2026, 0, 15, 16, 9, 35);

const [, , role, file] = process.argv;
if (role === undefined || file === undefined) await measure();
else await serve(role, file);

/** The server's process: tells its port, and ends when it is told to. */
async function serve(role: string, file: string): Promise<void> {
  const world = { clock: systemClock, random: systemRandom, observe: () => {} };
  const sqlite = createSqliteStore({ file, world });
  const store = role === 'grouped' ? createGroupCommit(sqlite) : sqlite;
  const api = createWriteApi({ store, world, version: '0.0.0' });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  process.send?.(port);
  await once(process, 'disconnect');
  await api.close();
  await store.close();
}

interface Side {
  /** Sends so many readings from each client; returns what each answer took. */
  turn(requests: number): Promise<number[]>;
  close(): Promise<void>;
}

async function createSide(role: string, dir: string): Promise<Side> {
  const server = fork(import.meta.filename, [role, join(dir, `${role}.db`)]);
  const [port] = await once(server, 'message');
  const clients = Array.from({ length: CLIENTS }, () => createPoster(Number(port)));
  const seqs = clients.map(() => 0);

  async function client(poster: Poster, index: number, requests: number): Promise<number[]> {
    const tookMs: number[] = [];
    for (let sent = 0; sent < requests; sent += 1) {
      const seq = (seqs[index] ?? 0) + 1;
      seqs[index] = seq;
      const startedMono = systemClock.monotonicMs();
      const answer = await poster.post(
        '/api/v1/batches',
        `{"gateway":"bench-${index}","stream":"benchstream${index}","series":[{"sensor":"roof","metric":"temperature","unit":"celsius"}],"readings":[[${seq},0,${FIRST_AT + seq * 10_000},20.5]]}`,
      );
      tookMs.push(systemClock.monotonicMs() - startedMono);
      const wanted = `{"stored":[[${seq},${seq}]],"duplicate":[],"refused":[]}`;
      if (answer !== wanted) throw new Error(`${seq} was not stored: ${answer}`);
    }
    return tookMs;
  }

  return {
    turn: async (requests) =>
      (await Promise.all(clients.map((one, index) => client(one, index, requests)))).flat(),
    async close() {
      for (const one of clients) one.close();
      server.disconnect();
      await once(server, 'exit');
    },
  };
}

async function measure(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  const plans = [
    {
      requests: REQUESTS_EACH,
      side: await createSide('each', dir),
      rates: [] as number[],
      p99s: [] as number[],
    },
    {
      requests: REQUESTS_GROUPED,
      side: await createSide('grouped', dir),
      rates: [] as number[],
      p99s: [] as number[],
    },
  ];
  for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
    for (const { requests, side, rates, p99s } of plans) {
      const startedMono = systemClock.monotonicMs();
      const tookMs = await side.turn(requests);
      const seconds = (systemClock.monotonicMs() - startedMono) / 1_000;
      if (turn < 0) continue;
      rates.push(tookMs.length / seconds);
      p99s.push(tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? 0);
    }
  }
  for (const { side } of plans) await side.close();
  rmSync(dir, { recursive: true });

  const [each, grouped] = plans.map(({ rates, p99s }) => ({ rate: median(rates), p99: median(p99s) }));
  if (each === undefined || grouped === undefined) throw new Error('one side was not measured');
  const unit = 'requests/s';
  report({
    name: 'group-commit',
    ratio: grouped.rate / each.rate,
    bar: '>= 8',
    value: grouped.rate,
    unit,
    runs: TURNS,
  });
  report({ name: 'group-commit: one commit each', ratio: 1, bar: null, value: each.rate, unit, runs: TURNS });
  report({
    name: 'group-commit: p99 of an answer',
    ratio: grouped.p99 / each.p99,
    bar: null,
    value: grouped.p99,
    unit: 'ms',
    runs: TURNS,
  });
  report({
    name: 'group-commit: p99 of an answer, one commit each',
    ratio: 1,
    bar: null,
    value: each.p99,
    unit: 'ms',
    runs: TURNS,
  });
}
