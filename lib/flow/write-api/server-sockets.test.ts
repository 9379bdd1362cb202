/** What only a real socket can show: bytes that are not HTTP, clients that dawdle, ports, closing. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dial } from '../../../test/support/dial.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { systemClock } from '../../base/clock.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../reading.ts';
import type { WriteApiLimits } from './limits.ts';
import type { ReadingsStore } from './readings-store.ts';
import { createWriteApi } from './server.ts';
import { createSqliteStore } from './store/sqlite-store.ts';

const BATCH = JSON.stringify({
  gateway: 'attic',
  stream: 'teststream',
  series: [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
  readings: [[1, 0, 1_000, 20.5]],
});

async function start(
  limits: Partial<WriteApiLimits> = {},
  wrap: (store: ReadingsStore) => ReadingsStore = (store) => store,
) {
  // The real clock: the timeouts under test are Node's own.
  const world = { ...createTestWorld(), clock: systemClock };
  const store = createSqliteStore({ file: join(tempDir(), 'store.db'), world });
  const api = createWriteApi({ store: wrap(store), world, version: '9.9.9', limits });
  const address = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    api.app.server.closeAllConnections();
    await api.close();
    await store.close();
  });
  return { api, store, address, world, dial: () => dial(address.port) };
}

const post = (body: string, headers = '') =>
  `POST /api/v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function expectProblem(answer: string, status: number, code: string): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain(`${API_IDENTITY_HEADER}: ${apiIdentity('9.9.9')}`);
  expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
  expect(answer).toContain(`"code":"${code}"`);
}

describe('the write API on a socket', () => {
  it.each([
    ['no HTTP', '\u0016\u0003\u0001 hello TLS\r\n\r\n', 400, 'request_malformed'],
    ['two different lengths', post('{}', 'Content-Length: 7\r\n'), 400, 'request_malformed'],
    ['length and chunks at once', post('{}', 'Transfer-Encoding: chunked\r\n'), 400, 'request_malformed'],
    ['headers of 100 KiB', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 421, 'host_unknown'],
    ['an empty Host', 'GET /health HTTP/1.1\r\nHost:\r\n\r\n', 421, 'host_unknown'],
    [
      'an odd Expect',
      'GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n',
      417,
      'expectation_unknown',
    ],
  ])(
    'answers %s like everything else: with its identity and a problem',
    async (_what, bytes, status, code) => {
      const { dial } = await start();
      const { socket, received, ended } = await dial();

      socket.end(bytes);
      await ended;

      expectProblem(received(), status, code);
    },
  );

  it('refuses a body by its declared length, before the body is sent', async () => {
    const { dial } = await start();
    const { socket, received, ended } = await dial();

    socket.write(
      'POST /api/v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5242880\r\n\r\n',
    );
    await ended;

    expectProblem(received(), 413, 'body_too_large');
  });

  it('refuses a body without declared length once it is too large', async () => {
    const { dial } = await start({ bodyBytesMax: 1_000 });
    const { socket, received, ended } = await dial();

    socket.write(
      'POST /api/v1/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (let chunk = 0; chunk < 3; chunk += 1) socket.write(`1f4\r\n${' '.repeat(500)}\r\n`);
    await ended;

    expectProblem(received(), 413, 'body_too_large');
  });

  it('lets go of a client that never finishes its headers, and of one that never finishes its body', async () => {
    const { dial, store } = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const headers = await dial();
    const body = await dial();

    headers.socket.write('POST /api/v1/batches HTTP/1.1\r\nHost: loc');
    body.socket.write(post(BATCH).slice(0, -5));
    await Promise.all([headers.ended, body.ended]);

    expectProblem(headers.received(), 408, 'request_timeout');
    expectProblem(body.received(), 408, 'request_timeout');
    expect((await store.stream('teststream')).received).toEqual([]);
  });

  it('lets go of a client that connects and says nothing', async () => {
    const { dial, world } = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const { ended } = await dial();

    await ended;

    expect(world.recorder.of('batch.ingested')).toEqual([]);
  });

  it.each([
    ['by the end of its sender', post(BATCH).slice(0, -1)],
    [
      'in the middle of a chunk',
      `${post('', 'Transfer-Encoding: chunked\r\n').replace(/Content-Length.*\r\n/, '')}ff\r\n{`,
    ],
  ])(
    'stores nothing of a request that is cut off in its body %s, and calls it no bug of ours',
    async (_how, bytes) => {
      const { dial, store, world } = await start();
      const { socket } = await dial();
      const refused = world.recorder.next('request.refused');

      socket.end(bytes);

      expect(await refused).toMatchObject({ status: 400, code: 'request_malformed' });
      expect((await store.stream('teststream')).received).toEqual([]);
    },
  );

  it('answers a request for another protocol in this one, and takes nothing behind it', async () => {
    const { dial, store } = await start();
    const { socket, received, ended } = await dial();

    socket.write(`${post('{}', 'Upgrade: websocket\r\nConnection: Upgrade\r\n')}${post(BATCH)}`);
    await ended;

    expectProblem(received(), 400, 'body_invalid');
    expect(received()).toMatch(/connection: close/i);
    expect(received().match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect((await store.stream('teststream')).received).toEqual([]);
  });

  it('takes no more connections than it may have', async () => {
    const { dial, address } = await start({ connectionsMax: 2 });
    const first = await dial();
    await dial();
    // Both must have been accepted before a third can be one too many.
    first.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(first.socket, 'data');

    const third = connect(address.port, '127.0.0.1');
    third.on('error', () => {});
    const ended = new Promise((resolve) => third.on('close', resolve));
    await ended;

    expect(third.bytesRead).toBe(0);
    first.socket.destroy();
  });

  it('answers the request in flight while closing, and takes no new connection', async () => {
    const started = gate();
    const release = gate();
    const slow = (store: ReadingsStore): ReadingsStore => ({
      ...store,
      async ingest(batches) {
        started.resolve();
        await release.promise;
        return store.ingest(batches);
      },
    });
    const { api, dial, address, store } = await start({}, slow);
    const { socket, received, ended } = await dial();
    socket.write(post(BATCH));
    await started.promise;

    const closing = api.close();
    release.resolve();
    await Promise.all([closing, ended]);

    expect(received()).toContain('"stored":[[1,1]]');
    expect((await store.stream('teststream')).received).toEqual([[1, 1]]);
    await expect(connectOnly(address.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes in a bounded time although a client holds its request back', async () => {
    const { api, dial } = await start({ closeGraceMs: 50 });
    const { socket, ended } = await dial();
    socket.write(post(BATCH).slice(0, -5));
    await once(api.app.server, 'request');

    await api.close();

    await ended;
  });

  it('says who may hold a port that is in use', async () => {
    const { address } = await start();
    const world = createTestWorld();
    const store = createSqliteStore({ file: join(tempDir(), 'store.db'), world });
    const second = createWriteApi({ store, world, version: '9.9.9' });

    const listening = second.listen({ host: '127.0.0.1', port: address.port });

    await expect(listening).rejects.toMatchObject({
      code: 'SGW_PORT_IN_USE',
      hint: expect.stringContaining(`sport = :${address.port}`),
    });
    await second.close();
    await store.close();
  });

  it('says that an address is not one of this machine', async () => {
    const world = createTestWorld();
    const store = createSqliteStore({ file: join(tempDir(), 'store.db'), world });
    const api = createWriteApi({ store, world, version: '9.9.9' });

    await expect(api.listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'SGW_CONFIG_INVALID',
    });
    await api.close();
    await store.close();
  });
});

/** A moment that one side waits for and the other brings about. */
function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve };
}

function connectOnly(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    connect(port, '127.0.0.1').on('connect', resolve).on('error', reject);
  });
}
