import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFakeApi, type FakeApi, type Script } from '../../../test/support/fake-api.ts';
import { createFaultProxy, type FaultMode } from '../../../test/support/fault-proxy.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../reading.ts';
import { rangesOfSeqs } from '../seq-ranges.ts';
import { createHttpDelivery, type HttpDeliveryOptions } from './deliver.ts';

const STREAM = 'stream00000000000000000000';
/** Long enough for a loopback answer on a busy machine, short enough to wait for in a test. */
const DEADLINE_MS = 400;
/** What a machine under load may take on top of a deadline. */
const PATIENCE_MS = 5_000;

function batchOf(...seqs: number[]): OutgoingBatch {
  const readings = seqs.map((seq) => [seq, 0, 1_768_493_375_000 + seq, 21.5]);
  const series = [{ sensor: 'attic', metric: 'temperature', unit: 'celsius' }];
  return {
    stream: STREAM,
    seqs: rangesOfSeqs(seqs),
    rows: seqs.length,
    body: JSON.stringify({ gateway: 'test', stream: STREAM, series, readings }),
    oldestAt: 0,
    newestAt: 0,
  };
}

async function setUp(options: Partial<HttpDeliveryOptions> = {}) {
  const api = await createFakeApi();
  onTestFinished(() => api.close());
  const proxy = await createFaultProxy({ targetPort: api.port, dripMs: 20 });
  onTestFinished(() => proxy.close());
  const delivery = createHttpDelivery({ url: `http://127.0.0.1:${proxy.port}`, ...options });
  onTestFinished(() => delivery.close());
  const live = (batch = batchOf(1), deadlineMs = DEADLINE_MS) => delivery.deliver.live(batch, deadlineMs);
  return { api, proxy, delivery, live };
}

test('a batch goes to /api/v1/batches as JSON with the token, and comes back stored', async () => {
  const { api, live } = await setUp({ token: 'secret', version: '1.2.3' });

  const outcome = await live(batchOf(1, 2, 3), PATIENCE_MS);

  expect(outcome).toEqual({
    kind: 'stored',
    answer: { stored: [[1, 3]], duplicate: [], refused: [] },
  });
  expect(api.requests).toMatchObject([
    {
      path: '/api/v1/batches',
      rows: 3,
      headers: {
        authorization: 'Bearer secret',
        'content-type': 'application/json',
        'user-agent': 'sensor-gateway/1.2.3',
      },
    },
  ]);
});

test('without a token there is no authorization header', async () => {
  const { api, live } = await setUp();
  await live();
  expect(api.requests[0]?.headers.authorization).toBeUndefined();
});

describe('on a network that is', () => {
  const NASTY = ['refuse', 'stall', 'resetMidBody', 'cut', 'drip', 'swallowReply', 'garbage'] as const;

  test.each(NASTY)(
    '%s: the outcome is unavailable within the deadline, and the next one is stored',
    async (mode) => {
      const { proxy, live } = await setUp();
      await proxy.mode(mode satisfies FaultMode);
      const startedMono = performance.now();

      const outcome = await live();

      expect(outcome.kind).toBe('unavailable');
      expect(performance.now() - startedMono).toBeLessThan(DEADLINE_MS + PATIENCE_MS);
      await proxy.mode('pass');
      expect(await live(batchOf(1), PATIENCE_MS)).toMatchObject({ kind: 'stored' });
    },
  );
});

test('a reading whose reply was swallowed is recognised when it comes again', async () => {
  const { api, proxy, live } = await setUp();
  await proxy.mode('swallowReply');
  await live();
  await proxy.mode('pass');

  expect(await live(batchOf(1), PATIENCE_MS)).toMatchObject({
    kind: 'stored',
    answer: { stored: [], duplicate: [[1, 1]] },
  });
  expect(api.arrivals(STREAM, 1)).toBeGreaterThan(1);
  expect(api.stored(STREAM)).toEqual([1]);
});

test('a deadline destroys the connection', async () => {
  const { api, proxy, live } = await setUp();
  api.script({ as: 'silent' });

  const outcome = await live();

  expect(outcome).toEqual({
    kind: 'unavailable',
    reason: `no answer within ${DEADLINE_MS} ms`,
    overloaded: true,
  });
  await expect.poll(() => proxy.connections()).toBe(0);
});

test('every one of many hung requests settles, and none leaves a connection behind', async () => {
  const { api, proxy, delivery } = await setUp();
  api.script({ as: 'silent' });

  // More at once than one connection can carry: all but the first are still queued in undici at the deadline.
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) => delivery.deliver.live(batchOf(i + 1), DEADLINE_MS)),
  );

  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(8).fill('unavailable'));
  await expect.poll(() => proxy.connections()).toBe(0);
});

test('a hung batch of the backfill lane does not delay the live lane', async () => {
  const { api, delivery } = await setUp();
  api.script({ as: 'silent' });
  const hung = delivery.deliver.backfill(batchOf(1), PATIENCE_MS);
  await expect.poll(() => api.requests.length).toBe(1);
  api.script({ as: 'stored' });

  const outcome = await delivery.deliver.live(batchOf(2), PATIENCE_MS);

  expect(outcome.kind).toBe('stored');
  await delivery.close();
  expect((await hung).kind).toBe('unavailable');
});

test('stopping settles a request at once', async () => {
  const { api, delivery } = await setUp();
  api.script({ as: 'silent' });
  const stopping = new AbortController();
  const sent = delivery.deliver.live(batchOf(1), 600_000, stopping.signal);
  await expect.poll(() => api.requests.length).toBe(1);

  stopping.abort();

  expect((await sent).kind).toBe('unavailable');
});

describe('a connection that the server closed while it lay idle', () => {
  test('costs one more attempt and no failure', async () => {
    // A server that answers once on each connection and resets it when a second request arrives.
    let requests = 0;
    const served = new WeakSet<object>();
    const server = createServer((request, response) => {
      requests += 1;
      if (served.has(request.socket)) {
        request.socket.resetAndDestroy();
        return;
      }
      served.add(request.socket);
      request.resume();
      request.on('end', () => {
        response.setHeader(API_IDENTITY_HEADER, apiIdentity('0'));
        response.end(JSON.stringify({ stored: [[1, 9]], duplicate: [], refused: [] }));
      });
    });
    const url = await listenOn(server);
    const delivery = createHttpDelivery({ url });
    onTestFinished(() => delivery.close());

    const outcomes = [];
    for (let seq = 1; seq <= 3; seq += 1) {
      outcomes.push(await delivery.deliver.live(batchOf(seq), PATIENCE_MS));
    }

    expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored']);
    expect(requests).toBe(5); // One, then twice a reset and one more.
  });

  test('twin: on a fresh connection the same reset is a failure', async () => {
    const server = createServer((request) => request.socket.resetAndDestroy());
    const delivery = createHttpDelivery({ url: await listenOn(server) });
    onTestFinished(() => delivery.close());

    expect((await delivery.deliver.live(batchOf(1), PATIENCE_MS)).kind).toBe('unavailable');
  });
});

describe('an answer', () => {
  const table: [string, Script, string][] = [
    ['200 with HTML', { as: 'answer', status: 200, body: '<h1>hello</h1>' }, 'unavailable'],
    [
      '200 that names nothing',
      { as: 'answer', status: 200, body: '{"stored":[],"duplicate":[],"refused":[]}' },
      'unavailable',
    ],
    ['301', { as: 'answer', status: 301, headers: { location: 'http://127.0.0.1:1/' } }, 'misconfigured'],
    ['401', { as: 'answer', status: 401 }, 'misconfigured'],
    ['404', { as: 'answer', status: 404 }, 'misconfigured'],
    ['413', { as: 'tooLarge', rowsMax: 0 }, 'refused'],
    ['422', { as: 'turnsAway', status: 422, seqs: [1] }, 'refused'],
    ['429', { as: 'answer', status: 429, headers: { 'retry-after': '30' } }, 'unavailable'],
    ['500', { as: 'turnsAway', status: 500, seqs: [1] }, 'unavailable'],
    ['503', { as: 'answer', status: 503 }, 'unavailable'],
    ['10 MB', { as: 'answer', status: 200, body: 'x'.repeat(10_000_000) }, 'unavailable'],
    ['refusing by name', { as: 'refusesByName', seqs: [1] }, 'stored'],
  ];

  test.each(table)('%s is %3$s, and the next is stored', async (_what, script, kind) => {
    const { api, live } = await setUp();
    api.script(script);

    const outcome = await live(batchOf(1), PATIENCE_MS);

    expect(outcome.kind).toBe(kind);
    api.script({ as: 'stored' });
    expect((await live(batchOf(1), PATIENCE_MS)).kind).toBe('stored');
  });

  test.each(table.filter(([, , kind]) => kind !== 'stored'))(
    '%s of a stranger buries and acknowledges nothing',
    async (_what, script) => {
      const { api, live } = await setUp();
      api.identity(undefined);
      api.script(script);

      expect(['misconfigured', 'unavailable']).toContain((await live(batchOf(1), PATIENCE_MS)).kind);
    },
  );

  test('that redirects is not followed', async () => {
    const { api, live } = await setUp();
    const elsewhere = await createFakeApi();
    onTestFinished(() => elsewhere.close());
    api.script({ as: 'answer', status: 307, headers: { location: `${elsewhere.url}/api/v1/batches` } });

    await live(batchOf(1), PATIENCE_MS);

    expect(elsewhere.requests).toEqual([]);
  });
});

describe('over https', () => {
  async function secureServer() {
    const fixture = (name: string) => readFileSync(join('test/fixtures/loopback-tls', name), 'utf8');
    const [key, cert] = [fixture('key.pem'), fixture('cert.pem')];
    const server = createSecureServer({ key, cert }, (request, response) => {
      request.resume();
      response.setHeader(API_IDENTITY_HEADER, apiIdentity('0'));
      response.end(JSON.stringify({ stored: [[1, 1]], duplicate: [], refused: [] }));
    });
    const url = (await listenOn(server)).replace('http:', 'https:');
    return { url, ca: cert };
  }

  test('a certificate of the given authority is trusted', async () => {
    const { url, ca } = await secureServer();
    const delivery = createHttpDelivery({ url, ca });
    onTestFinished(() => delivery.close());

    expect((await delivery.deliver.live(batchOf(1), PATIENCE_MS)).kind).toBe('stored');
  });

  test('twin: without it nothing is sent, and the reason says so', async () => {
    const { url } = await secureServer();
    const delivery = createHttpDelivery({ url });
    onTestFinished(() => delivery.close());

    expect(await delivery.deliver.live(batchOf(1), PATIENCE_MS)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('self-signed'),
    });
  });
});

describe('readStream', () => {
  test('says what the store has received', async () => {
    const { delivery, live } = await setUp();
    await live(batchOf(1, 2, 5), PATIENCE_MS);

    const read = await delivery.readStream(STREAM, PATIENCE_MS);

    expect(read).toEqual({
      kind: 'read',
      answer: {
        stream: STREAM,
        gateway: null,
        received: [
          [1, 2],
          [5, 5],
        ],
        gone: [],
      },
    });
  });

  test('that is never answered holds up neither lane, and ends when the reader stops', async () => {
    let heard = () => {};
    const asked = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const server = createServer((request, response) => {
      if (request.method === 'GET') return heard();
      response.setHeader(API_IDENTITY_HEADER, apiIdentity('0.0.0'));
      response.end(JSON.stringify({ stored: [[1, 2]], duplicate: [], refused: [] }));
    });
    const delivery = createHttpDelivery({ url: await listenOn(server) });
    onTestFinished(() => delivery.close());
    const stopping = new AbortController();
    const reading = delivery.readStream(STREAM, PATIENCE_MS * 20, 1, stopping.signal);
    await asked;

    expect(await delivery.deliver.live(batchOf(1), PATIENCE_MS)).toMatchObject({ kind: 'stored' });
    expect(await delivery.deliver.backfill(batchOf(2), PATIENCE_MS)).toMatchObject({ kind: 'stored' });
    stopping.abort();

    expect(await reading).toMatchObject({ kind: 'failed' });
  });

  test.each<[string, (api: FakeApi) => void]>([
    ['a stranger', (api) => api.identity(undefined)],
    ['an error', (api) => api.script({ as: 'answer', status: 500 })],
    ['nonsense', (api) => api.script({ as: 'answer', status: 200, body: 'hello' })],
  ])('fails with a reason on %s', async (_what, arrange) => {
    const { api, delivery } = await setUp();
    arrange(api);

    expect(await delivery.readStream(STREAM, PATIENCE_MS)).toMatchObject({ kind: 'failed' });
  });
});

async function listenOn(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => closeServer(server));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
