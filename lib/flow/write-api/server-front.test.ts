/** What the front of the write API lets in: compressed bodies within their limit, and no more than can be held. */

import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { ProblemAnswer } from '../reading.ts';
import { ACCEPTED_ENCODINGS } from './compression.ts';
import type { WriteApiLimits } from './limits.ts';
import type { ReadingsStore } from './readings-store.ts';
import { createWriteApi } from './server.ts';
import { createSqliteStore } from './store/sqlite-store.ts';

const BATCHES = '/api/v1/batches';
const bodyOf = (stream: string, rows = 1) =>
  JSON.stringify({
    gateway: 'attic',
    stream,
    series: [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
    readings: Array.from({ length: rows }, (_, i) => [i + 1, 0, 1_000 + i, 20.5]),
  });

function start(limits: Partial<WriteApiLimits> = {}, wrap = (store: ReadingsStore) => store) {
  const world = createTestWorld();
  const store = createSqliteStore({ file: join(tempDir(), 'store.db'), world });
  const { app } = createWriteApi({ store: wrap(store), world, version: '9.9.9', limits });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: BATCHES,
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
  return { post, store, app };
}

/** What comes, and what it is said to be. */
const UNREADABLE: readonly (readonly [what: string, body: Buffer, encoding: string])[] = [
  ['is cut off', zlib.gzipSync(bodyOf('teststream')).subarray(0, -9), 'gzip'],
  ['is not compressed at all', Buffer.from(bodyOf('teststream')), 'gzip'],
  ['has a wrong checksum', spoiled(zlib.gzipSync(bodyOf('teststream'))), 'gzip'],
  ['is compressed twice', zlib.gzipSync(zlib.gzipSync(bodyOf('teststream'))), 'gzip, gzip'],
  ['is of a kind that nobody knows', Buffer.from(bodyOf('teststream')), 'br'],
];

describe('a compressed body', () => {
  it('is stored like any other, and every answer says which compressions are known', async () => {
    const { post, store } = start();

    const answer = await post(zlib.gzipSync(bodyOf('teststream', 500)), { 'content-encoding': 'gzip' });

    expect(answer.json()).toMatchObject({ stored: [[1, 500]] });
    expect(answer.headers['accept-encoding']).toBe(ACCEPTED_ENCODINGS);
    expect((await store.stream('teststream')).received).toEqual([[1, 500]]);
  });

  it.runIf('zstdCompressSync' in zlib)('may be of zstd where Node has it', async () => {
    const { post } = start();
    const compress = Object.entries(zlib).find(([name]) => name === 'zstdCompressSync')?.[1];
    if (typeof compress !== 'function') throw new Error('there is no zstd');

    const answer = await post(Reflect.apply(compress, zlib, [Buffer.from(bodyOf('teststream'))]), {
      'content-encoding': 'zstd',
    });

    expect(answer.json()).toMatchObject({ stored: [[1, 1]] });
  });

  it('is bounded by what it becomes: a gigabyte in a megabyte is refused, and stopped where the limit is', async () => {
    const { post, store } = start();
    // A gigabyte of blanks, as gzip members in a row: each of 16 MiB takes 16 KiB.
    const member = zlib.gzipSync(Buffer.alloc(16 * 1_048_576, ' '));
    const bomb = Buffer.concat(Array(62).fill(member));
    const before = process.memoryUsage().arrayBuffers;

    const answer = await post(bomb, { 'content-encoding': 'gzip' });

    expect(bomb.length).toBeLessThan(1_048_576);
    expect(answer.statusCode).toBe(413);
    expect(ProblemAnswer.parse(answer.json())).toMatchObject({
      code: 'body_too_large',
      detail: expect.stringContaining('after decompression'),
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1_048_576);
    expect((await store.stream('teststream')).received).toEqual([]);
  });

  it.each(UNREADABLE)(
    'that %s is refused with 415, which no reader takes for a verdict on its readings',
    async (_what, body, encoding) => {
      const { post, store } = start();

      const answer = await post(body, { 'content-encoding': encoding });

      expect(answer.statusCode).toBe(415);
      expect(ProblemAnswer.parse(answer.json())).toMatchObject({ code: 'encoding_not_supported' });
      expect((await store.stream('teststream')).received).toEqual([]);
    },
  );
});

describe('more requests than the store can take', () => {
  /** A store that works on nothing until it is told to. */
  function held() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return {
      open: () => open(),
      wrap: (store: ReadingsStore): ReadingsStore => ({
        ...store,
        ingest: (batches) => opened.then(() => store.ingest(batches)),
      }),
    };
  }

  it('are sent away with 503 and a time to return, the local reader is not, and all that were let in are stored', async () => {
    const { open, wrap } = held();
    const { post, store } = start({ waitingMax: 3, reservedRequests: 1 }, wrap);
    const waiting = ['streamone', 'streamtwo', 'streamthree'].map((stream) => post(bodyOf(stream)));
    await Promise.race([...waiting, turns()]);

    const refused = await post(bodyOf('streamfour'));
    const reader = post(bodyOf('streamfive'), { 'user-agent': 'sensor-gateway/9.9.9' });
    await Promise.race([reader, turns()]);
    const second = await post(bodyOf('streamsix'), { 'user-agent': 'sensor-gateway/9.9.9' });
    open();
    const answers = await Promise.all([...waiting, reader]);

    for (const one of [refused, second]) {
      expect(one.statusCode).toBe(503);
      expect(ProblemAnswer.parse(one.json())).toMatchObject({ code: 'overloaded' });
      expect(Number(one.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(answers.map((one) => one.statusCode)).toEqual([200, 200, 200, 200]);
    expect((await store.stream('streamfour')).received).toEqual([]);
    expect((await post(bodyOf('streamfour'))).statusCode).toBe(200);
  });

  it('are answered about their health all the same', async () => {
    const { open, wrap } = held();
    const { post, app } = start({ waitingMax: 1, reservedRequests: 0 }, wrap);
    const waiting = post(bodyOf('streamone'));
    await Promise.race([waiting, turns()]);

    const health = await app.inject('/health');
    open();

    expect(health.statusCode).toBe(200);
    expect((await waiting).statusCode).toBe(200);
  });

  it('may hold no more bytes than there is room for, the plain form of compressed ones included', async () => {
    const { post } = start({ heldBytesMax: 4_000, reservedBytes: 0 });
    const body = bodyOf('teststream', 300);
    const packed = zlib.gzipSync(body);

    const answer = await post(packed, { 'content-encoding': 'gzip' });

    expect(packed.length).toBeLessThan(4_000);
    expect(body.length).toBeGreaterThan(4_000);
    expect(ProblemAnswer.parse(answer.json())).toMatchObject({ status: 503, code: 'overloaded' });
  });
});

function spoiled(packed: Buffer): Buffer {
  const copy = Buffer.from(packed);
  copy.writeUInt8((copy.at(-5) ?? 0) ^ 1, copy.length - 5);
  return copy;
}

/** Until a request that was sent has come to where it waits. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
