/**
 * The reader's HTTP adapter against the real write API: by every way that leads there, and what the reader makes of
 * each answer with which a write API keeps somebody out. Nothing that is kept out is ever refused for good.
 */

import { readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import type { OutgoingBatch } from '../../lib/flow/outbox/outbox.ts';
import { rangesOfSeqs } from '../../lib/flow/seq-ranges.ts';
import { createHttpDelivery, type HttpDeliveryOptions } from '../../lib/flow/sync/deliver.ts';
import { createGuessWatch } from '../../lib/flow/write-api/guess-watch.ts';
import type { WriteApiLimits } from '../../lib/flow/write-api/limits.ts';
import { createRateLimit } from '../../lib/flow/write-api/rate-limit.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { createTokenBook } from '../../lib/flow/write-api/token-book.ts';
import { hashOf, writeTokens } from '../../lib/flow/write-api/token-file.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createTestWorld } from '../support/test-world.ts';

const STREAM = 'stream00000000000000000000';
/** Long enough for a loopback answer on a busy machine. */
const PATIENCE_MS = 10_000;
const fixture = (name: string) => readFileSync(join('test/fixtures/loopback-tls', name), 'utf8');

function batchOf(rows: number, gateway = 'attic'): OutgoingBatch {
  const seqs = Array.from({ length: rows }, (_, i) => i + 1);
  const series = [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }];
  const readings = seqs.map((seq) => [seq, 0, 1_000 + seq, 20 + seq / 100]);
  return {
    stream: STREAM,
    seqs: rangesOfSeqs(seqs),
    rows,
    body: JSON.stringify({ gateway, stream: STREAM, series, readings }),
    oldestAt: 0,
    newestAt: 0,
  };
}

interface Setting {
  readonly guarded?: boolean;
  readonly tls?: boolean;
  readonly perSecond?: number;
  readonly limits?: Partial<WriteApiLimits>;
}

async function setUp({ guarded = false, tls = false, perSecond = 100, limits = {} }: Setting = {}) {
  const dir = tempDir();
  const world = { ...createTestWorld(), clock: systemClock };
  const tokensFile = join(dir, 'tokens.json');
  writeTokens(tokensFile, [{ gateway: 'attic', hash: hashOf('attics').toString('hex'), addedAt: 0 }]);
  const store = createSqliteStore({ file: join(dir, 'store.db'), world });
  const guard = {
    tokens: createTokenBook(tokensFile),
    guesses: createGuessWatch(systemClock),
    rate: createRateLimit({ perSecond, clock: systemClock }),
  };
  const api = createWriteApi({
    store,
    world,
    version: '9.9.9',
    limits,
    guard: guarded ? guard : undefined,
    tls: tls ? { cert: fixture('cert.pem'), key: fixture('key.pem') } : undefined,
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  const socketFile = join(dir, 'api.sock');
  const socket = api.socketAt(socketFile);
  await socket.listen();
  onTestFinished(async () => {
    await api.close();
    await store.close();
  });
  const connect = (options: Partial<HttpDeliveryOptions>) => {
    const delivery = createHttpDelivery({ url, ...options });
    onTestFinished(() => delivery.close());
    return delivery;
  };
  const received = async () => (await store.stream(STREAM)).received;
  return { api, url, socket, socketFile, connect, received, tokensFile };
}

const STORED = { kind: 'stored', answer: { stored: [[1, 3]], duplicate: [], refused: [] } };

describe('a reader reaches the write API', () => {
  test('through the socket in the file system, which only owner and group may open, and needs no token', async () => {
    const { connect, socketFile, received } = await setUp({ guarded: true, tls: true });
    const delivery = connect({ url: `unix:${socketFile}` });

    const outcome = await delivery.deliver.live(batchOf(3), PATIENCE_MS);
    const read = await delivery.readStream(STREAM, PATIENCE_MS);

    expect(outcome).toEqual(STORED);
    expect(read).toMatchObject({ kind: 'read', answer: { received: [[1, 3]] } });
    expect(await received()).toEqual([[1, 3]]);
    expect(statSync(socketFile).mode & 0o777).toBe(0o660);
  });

  test('through the socket again after somebody has cleared it away', async () => {
    const { connect, socketFile, socket } = await setUp();
    const delivery = connect({ url: `unix:${socketFile}` });
    await delivery.deliver.live(batchOf(3), PATIENCE_MS);
    rmSync(socketFile);

    const mended = [await socket.mend(), await socket.mend()];
    const outcome = await connect({ url: `unix:${socketFile}` }).deliver.live(batchOf(3), PATIENCE_MS);

    expect(mended).toEqual([true, false]);
    expect(outcome).toMatchObject({ kind: 'stored', answer: { duplicate: [[1, 3]] } });
  });

  test('over TLS with its token', async () => {
    const { connect } = await setUp({ guarded: true, tls: true });

    const outcome = await connect({ ca: fixture('cert.pem'), token: 'attics' }).deliver.live(
      batchOf(3),
      PATIENCE_MS,
    );

    expect(outcome).toEqual(STORED);
  });

  test('with compressed batches once the write API has said that it reads them', async () => {
    const { api, connect, received } = await setUp();
    const encodings: (string | undefined)[] = [];
    api.app.server.on('request', ({ headers }) => encodings.push(headers['content-encoding']));
    const { backfill } = connect({ compress: true }).deliver;

    const outcomes = [
      await backfill(batchOf(500), PATIENCE_MS),
      await backfill(batchOf(900), PATIENCE_MS),
      await backfill(batchOf(3), PATIENCE_MS),
    ];

    expect(encodings).toEqual([undefined, 'gzip', undefined]);
    expect(outcomes.map((one) => one.kind)).toEqual(['stored', 'stored', 'stored']);
    expect(await received()).toEqual([[1, 900]]);
  });

  test('with the same batch in plain when somebody refuses the compressed one: only that verdict counts', async () => {
    const { api, connect, received } = await setUp();
    // A proxy, or an older write API, that takes no notice of Content-Encoding.
    api.app.server.prependListener('request', ({ headers }) => delete headers['content-encoding']);
    const { backfill } = connect({ compress: true }).deliver;
    await backfill(batchOf(3), PATIENCE_MS);

    const outcome = await backfill(batchOf(500), PATIENCE_MS);

    expect(outcome.kind).toBe('stored');
    expect(await received()).toEqual([[1, 500]]);
  });
});

describe('a reader that is kept out keeps its readings', () => {
  test.each([
    ['no token', {}, 'attic'],
    ['a wrong token', { token: 'attic' }, 'attic'],
    ['the token of another gateway', { token: 'attics' }, 'shed'],
  ])('with %s it takes it for a misconfiguration', async (_what, options, gateway) => {
    const { connect, received } = await setUp({ guarded: true });

    const outcome = await connect(options).deliver.live(batchOf(3, gateway), PATIENCE_MS);

    expect(outcome).toMatchObject({ kind: 'misconfigured', reason: expect.stringMatching(/^HTTP 40[13]: /) });
    expect(await received()).toEqual([]);
  });

  test('with a token that has been revoked since its last delivery, and delivers again with a new one', async () => {
    const { connect, tokensFile } = await setUp({ guarded: true });
    const old = connect({ token: 'attics' });
    const before = await old.deliver.live(batchOf(3), PATIENCE_MS);

    writeTokens(tokensFile, [{ gateway: 'attic', hash: hashOf('newer').toString('hex'), addedAt: 0 }]);
    const revoked = await old.deliver.live(batchOf(4), PATIENCE_MS);
    const after = await connect({ token: 'newer' }).deliver.live(batchOf(4), PATIENCE_MS);

    expect([before.kind, revoked.kind, after.kind]).toEqual(['stored', 'misconfigured', 'stored']);
  });

  test('and asks too often, it waits for as long as it was told', async () => {
    const { connect } = await setUp({ guarded: true, perSecond: 1 });
    const { live } = connect({ token: 'attics' }).deliver;

    const outcomes = [];
    for (let i = 0; i < 4; i += 1) outcomes.push(await live(batchOf(3), PATIENCE_MS));

    expect(outcomes.at(-1)).toMatchObject({ kind: 'unavailable', overloaded: true, retryAfterMs: 1_000 });
  });

  test('and the write API has no room, it waits, and the reader beside it need not', async () => {
    const { api, url, connect } = await setUp({ limits: { heldBytesMax: 100 } });
    const port = new URL(url).port;

    const stranger = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request({
        port,
        method: 'POST',
        path: '/api/v1/batches',
        headers: { 'content-type': 'application/json' },
      });
      sent.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
      sent.end(batchOf(3).body);
    });
    const outcome = await connect({}).deliver.live(batchOf(3), PATIENCE_MS);

    expect(stranger).toBe(503);
    expect(outcome).toEqual(STORED);
    expect(api.app.server.listening).toBe(true);
  });

  test('and everybody is at work there, it comes back when it is told to', async () => {
    const { connect } = await setUp({ limits: { waitingMax: 0, reservedRequests: 0 } });

    const outcome = await connect({}).deliver.live(batchOf(3), PATIENCE_MS);

    expect(outcome).toMatchObject({ kind: 'unavailable', overloaded: true });
    expect(outcome.kind === 'unavailable' && (outcome.retryAfterMs ?? 0)).toBeGreaterThan(0);
  });
});
