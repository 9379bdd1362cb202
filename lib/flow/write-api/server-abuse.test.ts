/**
 * Clients that mean no good, or do not know better, on a real socket: each is let go of within its time and its
 * bytes, costs no memory that adds up, and keeps nobody from being served.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dial } from '../../../test/support/dial.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { systemClock } from '../../base/clock.ts';
import { createGroupCommit } from './group-commit.ts';
import type { WriteApiLimits } from './limits.ts';
import { createWriteApi } from './server.ts';
import { createSqliteStore } from './store/sqlite-store.ts';

const MIB = 1_048_576;

async function start(limits: Partial<WriteApiLimits> = {}) {
  // The real clock: the timeouts under test are Node's own.
  const world = { ...createTestWorld(), clock: systemClock };
  const store = createGroupCommit(createSqliteStore({ file: join(tempDir(), 'store.db'), world }));
  const api = createWriteApi({ store, world, version: '9.9.9', limits });
  const { port, url } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    api.app.server.closeAllConnections();
    await api.close();
    await store.close();
  });
  const received = async (stream = 'teststream') => (await store.stream(stream)).received;
  const deliver = async (seq: number) => {
    const answer = await fetch(`${url}/api/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'sensor-gateway/9.9.9' },
      body: bodyOf('readerstream', seq),
    });
    return answer.status;
  };
  return { api, received, deliver, dial: () => dial(port) };
}

const bodyOf = (stream: string, seq: number) =>
  JSON.stringify({
    gateway: 'attic',
    stream,
    series: [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
    readings: [[seq, 0, 1_000, 20.5]],
  });
const headOf = (bytes: number | 'chunked') =>
  `POST /api/v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${
    bytes === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`
  }\r\n\r\n`;

/** Writes as fast as it is read, until `bytes` are gone or nobody reads any more; says how much was taken. */
async function pour(socket: Socket, chunk: string, bytes: number): Promise<number> {
  while (socket.bytesWritten < bytes && socket.writable) {
    if (!socket.write(chunk))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
  }
  return socket.bytesWritten;
}

describe('200 slow clients', () => {
  it.each([
    ['say nothing', () => ''],
    ['send a header and no more', () => 'POST /api/v1/batches HTTP/1.1\r\nHost: loc'],
    ['send half of a body', (i: number) => headOf(100_000) + bodyOf(`slowstream${i}`, 1).slice(0, -1)],
  ])(
    'that %s keep no reader out, cost next to nothing, and are let go of in their time',
    async (_what, bytesOf) => {
      const { deliver, dial, received } = await start({ headersTimeoutMs: 1_500, requestTimeoutMs: 3_000 });
      const before = process.memoryUsage.rss();
      const clients = await Promise.all(Array.from({ length: 200 }, () => dial()));
      for (const [i, { socket }] of clients.entries()) socket.write(bytesOf(i));

      const statuses = [];
      for (let seq = 1; seq <= 5; seq += 1) statuses.push(await deliver(seq));
      await Promise.all(clients.map((one) => one.ended));

      expect(statuses).toEqual([200, 200, 200, 200, 200]);
      expect(await received('readerstream')).toEqual([[1, 5]]);
      expect(await received('slowstream0')).toEqual([]);
      expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB);
    },
  );
});

describe('a body of a gigabyte', () => {
  it.each([
    ['that says so', headOf(1_024 * MIB), 'x'.repeat(65_536)],
    ['in chunks that never end', headOf('chunked'), `10000\r\n${' '.repeat(65_536)}\r\n`],
  ])('%s is refused, and a few megabytes of it are read at most', async (_what, head, chunk) => {
    const { dial, deliver, received } = await start();
    const { socket, ended, received: answer } = await dial();

    socket.write(head);
    const poured = await pour(socket, chunk, 1_024 * MIB);
    socket.destroy();
    await ended;

    // What the kernel's own buffers took counts as written.
    expect(poured).toBeLessThan(32 * MIB);
    expect(answer() === '' || answer().startsWith('HTTP/1.1 413 ')).toBe(true);
    expect(await deliver(1)).toBe(200);
    expect(await received()).toEqual([]);
  });
});

it('a gigabyte from somebody who may not send anything is not read to its end either', async () => {
  const { dial } = await start();
  const { socket, ended, received: answer } = await dial();

  socket.write(headOf('chunked').replace('\r\n', '\r\nOrigin: https://evil.example\r\n'));
  const poured = await pour(socket, `10000\r\n${' '.repeat(65_536)}\r\n`, 1_024 * MIB);
  socket.destroy();
  await ended;

  expect(poured).toBeLessThan(32 * MIB);
  expect(answer() === '' || answer().startsWith('HTTP/1.1 403 ')).toBe(true);
});

describe('a flood', () => {
  it('of headers on one connection ends it with 431', async () => {
    const { dial, deliver } = await start();
    const { socket, received, ended } = await dial();

    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n');
    await pour(socket, `X-Header-${'y'.repeat(50)}: ${'z'.repeat(900)}\r\n`, 4 * MIB);
    socket.destroy();
    await ended;

    expect(received() === '' || received().startsWith('HTTP/1.1 431 ')).toBe(true);
    expect(await deliver(1)).toBe(200);
  });

  it('of 5,000 small headers is refused as one of large ones is', async () => {
    const { dial } = await start();
    const { socket, received, ended } = await dial();

    socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n${'aa: bb\r\n'.repeat(5_000)}\r\n`);
    await ended;

    expect(received()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('of requests on one connection, none of them waited for, is answered in order, each once', async () => {
    const { dial, received } = await start({ requestsPerSocketMax: 1_000 });
    const { socket, received: answers } = await dial();
    const requests = Array.from({ length: 300 }, (_, i) => {
      const body = bodyOf('teststream', i + 1);
      return headOf(Buffer.byteLength(body)) + body;
    });

    socket.write(requests.join(''));
    while ((answers().match(/HTTP\/1\.1 \d+/g) ?? []).length < 300) await once(socket, 'data');
    socket.destroy();

    const statuses = new Set(answers().match(/HTTP\/1\.1 \d+/g));
    const stored = [...answers().matchAll(/"stored":\[\[(\d+),\d+\]\]/g)].map((match) => Number(match[1]));
    // What did not fit into the queue was told so, and is not stored.
    expect([...statuses].every((one) => one === 'HTTP/1.1 200' || one === 'HTTP/1.1 503')).toBe(true);
    expect(stored).toEqual([...stored].sort((a, b) => a - b));
    expect((await received()).reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0)).toBe(stored.length);
    expect(stored.length).toBeGreaterThanOrEqual(100);
  });
});

describe('a body that JSON reads in more than one way', () => {
  it.each([
    ['__proto__', '{"__proto__":{"gateway":"x"},'],
    ['constructor.prototype', '{"constructor":{"prototype":{"gateway":"x"}},'],
    ['an escaped __proto__', '{"\\u005f_proto__":{"gateway":"x"},'],
  ])('with %s is refused, and no prototype is touched', async (_what, begin) => {
    const { api, received } = await start();

    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/batches',
      headers: { 'content-type': 'application/json' },
      payload: begin + bodyOf('teststream', 1).slice(1),
    });

    expect(answer.statusCode).toBe(400);
    expect('gateway' in {}).toBe(false);
    expect(await received()).toEqual([]);
  });

  it('with a name twice means the last one, in its check and in the store alike', async () => {
    const { api, received } = await start();

    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/batches',
      headers: { 'content-type': 'application/json' },
      payload: bodyOf('teststream', 1).replace('{', '{"stream":"otherstream","readings":"none",'),
    });

    expect(answer.json()).toMatchObject({ stored: [[1, 1]] });
    expect(await received('teststream')).toEqual([[1, 1]]);
    expect(await received('otherstream')).toEqual([]);
  });

  it('with 500,000 brackets is refused without a crash', async () => {
    const { api, deliver } = await start();

    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/batches',
      headers: { 'content-type': 'application/json' },
      payload: '['.repeat(500_000),
    });

    expect(answer.statusCode).toBe(400);
    expect(await deliver(1)).toBe(200);
  });
});
