import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import {
  API_IDENTITY_HEADER,
  apiIdentity,
  BatchAnswer,
  HealthAnswer,
  ProblemAnswer,
  ReadingsAnswer,
  StreamAnswer,
} from '../reading.ts';
import { type ReadingsStore, StoreFault } from './readings-store.ts';
import { createWriteApi, type WriteApiOptions } from './server.ts';
import { STORE_MIGRATIONS } from './store/schema.ts';
import { openStoreReadOnly } from './store/sqlite-reader.ts';
import { createSqliteStore } from './store/sqlite-store.ts';

const HOUR_MS = 3_600_000;

function start(
  options: Partial<WriteApiOptions> & {
    wrap?: (store: ReadingsStore) => ReadingsStore;
    wallMs?: number;
  } = {},
) {
  const file = join(tempDir(), 'store.db');
  const world = createTestWorld(options.wallMs === undefined ? {} : { wallMs: options.wallMs });
  const store = createSqliteStore({ file, world });
  const { app } = createWriteApi({
    store: options.wrap?.(store) ?? store,
    world,
    version: '9.9.9',
    defaultGateway: 'attic',
    ...options,
  });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  const post = (url: string, payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  const stored = async () => {
    const reader = openStoreReadOnly(file);
    const found = [];
    for await (const reading of reader.readings({ sinceAt: 0 })) found.push(reading);
    await reader.close();
    return found;
  };
  return { app, world, store, post, stored };
}

const batch = (readings: unknown, more: object = {}) => ({
  gateway: 'attic',
  stream: 'teststream',
  series: [
    { sensor: 'roof', metric: 'temperature', unit: 'celsius' },
    { sensor: 'roof', metric: 'humidity', unit: 'percent' },
  ],
  readings,
  ...more,
});

describe('POST /api/v1/batches', () => {
  it('stores a batch, and answers a second sending of it with duplicates', async () => {
    const { post, stored, world } = start();
    const body = batch([
      [1, 0, INCIDENT_AT, 20.5],
      [2, 1, INCIDENT_AT, 55, 2],
    ]);

    const first = await post('/api/v1/batches', body);
    const second = await post('/api/v1/batches', body);

    expect(first.statusCode).toBe(200);
    expect(BatchAnswer.parse(first.json())).toEqual({ stored: [[1, 2]], duplicate: [], refused: [] });
    expect(second.json()).toEqual({ stored: [], duplicate: [[1, 2]], refused: [] });
    expect(await stored()).toMatchObject([
      { seq: 1, metric: 'temperature', value: 20.5, flags: 0 },
      { seq: 2, metric: 'humidity', value: 55, flags: 2 },
    ]);
    expect(world.recorder.of('batch.ingested')).toMatchObject([
      { gateway: 'attic', stream: 'teststream', stored: 2, duplicate: 0, refused: 0 },
      { stored: 0, duplicate: 2 },
    ]);
  });

  it('refuses what it understands and cannot accept by seq and code, and stores the others beside it', async () => {
    const { post, stored } = start();
    const ahead = INCIDENT_AT + 25 * HOUR_MS;

    const answer = await post(
      '/api/v1/batches',
      batch([
        [1, 0, 1_000, 20],
        [8, 0, ahead, 1],
        [9, 0, 1_000, 21],
      ]),
    );

    expect(BatchAnswer.parse(answer.json())).toMatchObject({
      stored: [
        [1, 1],
        [9, 9],
      ],
      refused: [{ seq: 8, code: 'future' }],
    });
    expect(await stored()).toHaveLength(2);
  });

  it.each([
    ['an index beyond the series', '[7,2,5,1]', '[1]', 'must be the index of one of the 2 series'],
    [
      'a time that is text',
      '[7,0,"5",1]',
      '[2]',
      'must be whole milliseconds since 1970, up to the year 9999',
    ],
    ['a time before 1970', '[7,0,-1,1]', '[2]', 'must be whole milliseconds since 1970, up to the year 9999'],
    ['a value that is text', '[7,0,5,"NaN"]', '[3]', 'must be a finite number'],
    ['a value of 1e400', '[7,0,5,1e400]', '[3]', 'must be a finite number'],
    ['no value', '[7,0,5,null]', '[3]', 'must be a finite number'],
    ['flags of 256', '[7,0,5,1,256]', '[4]', 'must be a whole number from 0 to 255'],
    ['three entries', '[7,0,5]', '', 'must be [seq, series, at, value], then flags unless they are 0'],
    [
      'seven entries',
      '[7,0,5,1,0,0,0]',
      '',
      'must be [seq, series, at, value], then flags unless they are 0',
    ],
    [
      'what it stands for and no flag that says so',
      '[7,0,5,1,0,[6,0,2,0,2,50000,0,1,6]]',
      '',
      'must say what it stands for if, and only if, its flags have the bit 4',
    ],
    ['a seq that is text', '["7",0,5,1]', '[0]', 'must be a seq: a whole number from 1 on'],
    ['a seq of 0', '[0,0,5,1]', '[0]', 'must be a seq: a whole number from 1 on'],
    [
      'a seq that no double can count',
      '[9007199254740992,0,5,1]',
      '[0]',
      'must be a seq: a whole number from 1 on',
    ],
    ['an object', '{"seq":7}', '', 'must be [seq, series, at, value], then flags unless they are 0'],
  ])(
    'names the place of a reading with %s and stores nothing of its batch',
    async (_what, row, place, message) => {
      const { post, stored, app } = start();
      const good = batch([[1, 0, 5, 1], 'HERE', [3, 0, 5, 1]], { gone: [[2, 2, 'shed']] });

      const answer = await post('/api/v1/batches', JSON.stringify(good).replace('"HERE"', row));

      const path = `readings[1]${place}`;
      expect(answer.statusCode).toBe(400);
      expect(ProblemAnswer.parse(answer.json())).toMatchObject({
        code: 'body_invalid',
        detail: `${path}: ${message}`,
        errors: [{ path, message }],
      });
      expect(await stored()).toEqual([]);
      expect((await app.inject('/api/v1/streams/teststream')).json()).toMatchObject({
        received: [],
        gone: [],
      });
    },
  );

  it('names the malformed reading and not the refused one that comes before it', async () => {
    const { post, stored } = start();
    const rows = [
      [1, 0, INCIDENT_AT + 48 * HOUR_MS, 1],
      [2, 0, 5, 'warm'],
    ];

    const answer = await post('/api/v1/batches', batch(rows));

    expect(ProblemAnswer.parse(answer.json()).errors?.map(({ path }) => path)).toEqual(['readings[1][3]']);
    expect(await stored()).toEqual([]);
  });

  it('names twenty of a thousand malformed readings', async () => {
    const { post } = start();

    const answer = await post('/api/v1/batches', batch(Array(1_000).fill([1, 0, 5, null])));

    const problem = ProblemAnswer.parse(answer.json());
    expect(problem.errors).toHaveLength(20);
    expect(problem.errors?.[19]).toMatchObject({ path: 'readings[19][3]' });
    expect(problem.detail).toBe('readings[0][3]: must be a finite number (and 999 more)');
  });

  it('stores a seq that is twice in a batch with equal content once', async () => {
    const { post, stored } = start();

    const answer = await post(
      '/api/v1/batches',
      batch([
        [2, 0, 5, 1],
        [1, 0, 4, 1],
        [2, 0, 5, 1, 0],
      ]),
    );

    expect(answer.json()).toEqual({ stored: [[1, 2]], duplicate: [], refused: [] });
    expect(await stored()).toHaveLength(2);
  });

  it('refuses a seq that is twice in a batch with different content, whichever comes first', async () => {
    const { post, stored } = start();
    const ahead = INCIDENT_AT + 48 * HOUR_MS;
    const rows = [
      [1, 0, 5, 1],
      [2, 0, 5, 1],
      [2, 0, 5, 7],
      [3, 0, 5, 1],
      [3, 0, ahead, 1],
      [4, 0, ahead, 1],
      [4, 0, 5, 1],
    ];

    const answer = BatchAnswer.parse((await post('/api/v1/batches', batch(rows))).json());

    expect(answer.stored).toEqual([[1, 1]]);
    expect(answer.refused.map(({ seq, code }) => [seq, code]).sort()).toEqual([
      [2, 'seq_conflict'],
      [3, 'seq_conflict'],
      [4, 'seq_conflict'],
    ]);
    expect(await stored()).toHaveLength(1);
  });

  it('keeps a reading that is less than a day ahead, and any when its own clock cannot be right', async () => {
    const near = await start().post('/api/v1/batches', batch([[1, 0, INCIDENT_AT + 23 * HOUR_MS, 1]]));
    const clockless = start({ wallMs: Date.UTC(1970, 0, 1) });
    const far = await clockless.post('/api/v1/batches', batch([[1, 0, INCIDENT_AT, 1]]));

    expect(near.json()).toMatchObject({ stored: [[1, 1]] });
    expect(far.json()).toMatchObject({ stored: [[1, 1]] });
  });

  it('calls a reading that it has a duplicate even when its clock now says it is of the future', async () => {
    const { post, world } = start();
    await post('/api/v1/batches', batch([[1, 0, INCIDENT_AT, 1]]));
    world.clock.stepWall(-10 * HOUR_MS * 24);

    const answer = await post('/api/v1/batches', batch([[1, 0, INCIDENT_AT, 1]]));

    expect(answer.json()).toEqual({ stored: [], duplicate: [[1, 1]], refused: [] });
  });

  it.each([
    ['no series', { series: undefined }, 400, 'body_invalid'],
    ['a bad name', { gateway: 'Attic!' }, 400, 'body_invalid'],
    ['an unknown key', { extra: 1 }, 400, 'body_invalid'],
    ['readings that are a number', { readings: 1_000_000_000 }, 400, 'body_invalid'],
    ['an unknown cause', { gone: [[1, 2, 'eaten']] }, 400, 'body_invalid'],
    ['a source that is no stream', { sources: ['Not a stream'] }, 400, 'body_invalid'],
    ['a correction that ends before it begins', { corrections: [[2, 1, 5, 0, 1]] }, 400, 'body_invalid'],
    ['too many corrections', { corrections: Array(17).fill([1, 1, 5, 0, 1]) }, 400, 'body_invalid'],
    ['too many sources', { sources: Array(4_001).fill('rawreadings') }, 413, 'too_many_readings'],
    ['too many readings', { readings: Array(4_001).fill([1, 0, 5, 1]) }, 413, 'too_many_readings'],
    ['half a million entries', { series: Array(400_000).fill(1) }, 413, 'too_many_readings'],
  ])(
    'answers a batch with %s in it with a problem and stores nothing of it',
    async (_what, more, status, code) => {
      const { post, stored } = start();

      const answer = await post('/api/v1/batches', batch([[1, 0, 5, 1]], more));

      expect(answer.statusCode).toBe(status);
      expect(ProblemAnswer.parse(answer.json())).toMatchObject({ status, code });
      expect(await stored()).toEqual([]);
    },
  );

  it('names at most twenty places of a thousand faults', async () => {
    const { post } = start();
    const series = Array(1_000).fill({ sensor: 'ROOF', metric: 'temperature', unit: 'celsius' });

    const problem = ProblemAnswer.parse((await post('/api/v1/batches', batch([], { series }))).json());

    expect(problem.errors).toHaveLength(20);
    expect(problem.errors?.[0]).toMatchObject({ path: 'series[0].sensor' });
    expect(problem.detail).toContain('and 999 more');
  });

  it('refuses the stream that is its own', async () => {
    const { post, store } = start();

    const answer = await post('/api/v1/batches', batch([[1, 0, 5, 1]], { stream: store.ownStream }));

    expect(answer.json()).toMatchObject({ status: 422, code: 'stream_reserved' });
  });

  it('stores a thinned reading of a source, and no part of it again', async () => {
    const { post, stored } = start();
    const mean = [1, 0, 1_000, 2, 4, [3, 1, 3, 1, 3, 20_000, 0, 1, 6]];

    const thinned = await post('/api/v1/batches', batch([mean], { sources: ['rawreadings'] }));
    const late = await post('/api/v1/batches', batch([[2, 0, 1_000, 1]], { stream: 'rawreadings' }));

    expect(thinned.json()).toMatchObject({ stored: [[1, 1]] });
    expect(late.json()).toMatchObject({ stored: [], duplicate: [[2, 2]] });
    expect(await stored()).toMatchObject([{ value: 2, thinned: { count: 3, source: 'rawreadings' } }]);
  });

  it('moves readings by a declared offset, in the request that declares it', async () => {
    const { post, stored } = start();
    await post('/api/v1/batches', batch([[1, 0, 1_000, 2, 1]]));

    const answer = await post('/api/v1/batches', batch([], { corrections: [[1, 1, 60_000, 0, 5_000]] }));

    expect(answer.json()).toEqual({ stored: [], duplicate: [], refused: [] });
    expect(await stored()).toMatchObject([{ at: 61_000, flags: 0 }]);
  });

  it('declares gaps without any reading', async () => {
    const { post, app } = start();

    await post('/api/v1/batches', batch([], { gone: [[1, 1_000_000_000_000, 'shed']] }));

    const answer = await app.inject('/api/v1/streams/teststream');
    expect(answer.json()).toMatchObject({ gone: [[1, 1_000_000_000_000, 'shed']], received: [] });
  });
});

describe('POST /api/v1/readings', () => {
  const reading = { sensor: 'roof', metric: 'temperature', value: 20.5, unit: 'celsius' };

  it('stores what comes without stream and seq in its own stream, at the time of arrival', async () => {
    const { post, stored, store } = start();

    const answer = await post('/api/v1/readings', [reading, { sensor: 'roof', metric: 'rain', value: 1 }]);

    expect(ReadingsAnswer.parse(answer.json())).toEqual({
      results: [{ stream: store.ownStream, stored: [[1, 2]], duplicate: [], refused: [] }],
    });
    expect(await stored()).toMatchObject([
      { gateway: 'attic', at: INCIDENT_AT, unit: 'celsius', seq: 1 },
      { gateway: 'attic', at: INCIDENT_AT, unit: 'unknown', seq: 2 },
    ]);
  });

  it('takes one reading without a list around it', async () => {
    const { post, stored } = start();

    const answer = await post('/api/v1/readings', {
      ...reading,
      at: '2026-01-15T17:09:35+01:00',
      gateway: 'shed',
    });

    expect(answer.statusCode).toBe(200);
    expect(await stored()).toMatchObject([{ gateway: 'shed', at: INCIDENT_AT, value: 20.5 }]);
  });

  it('stores readings with stream and seq exactly once and answers for each stream apart', async () => {
    const { post, stored } = start();
    const body = [
      { ...reading, stream: 'streamone', seq: 2 },
      { ...reading, stream: 'streamtwo', seq: 1 },
      { ...reading, stream: 'streamone', seq: 1 },
    ];

    const first = await post('/api/v1/readings', body);
    const second = await post('/api/v1/readings', body);

    expect(first.json()).toMatchObject({
      results: [
        { stream: 'streamone', stored: [[1, 2]] },
        { stream: 'streamtwo', stored: [[1, 1]] },
      ],
    });
    expect(second.json()).toMatchObject({
      results: [{ stored: [], duplicate: [[1, 2]] }, { duplicate: [[1, 1]] }],
    });
    expect(await stored()).toHaveLength(3);
  });

  it('names the place of each fault and stores nothing then', async () => {
    const { post, stored } = start();

    const answer = await post('/api/v1/readings', [
      reading,
      { ...reading, value: 'warm' },
      { ...reading, at: 'yesterday' },
      { ...reading, seq: 1 },
    ]);

    expect(answer.statusCode).toBe(400);
    expect(ProblemAnswer.parse(answer.json()).errors?.map(({ path }) => path)).toEqual([
      '[1].value',
      '[2].at',
      '[3].seq',
    ]);
    expect(await stored()).toEqual([]);
  });

  it('refuses a time far ahead: by seq if there is one, else the whole request', async () => {
    const { post, stored } = start();
    const ahead = { ...reading, at: INCIDENT_AT + 48 * HOUR_MS };

    const named = await post('/api/v1/readings', [{ ...ahead, stream: 'streamone', seq: 7 }]);
    const unnamed = await post('/api/v1/readings', [reading, ahead]);

    expect(named.json()).toMatchObject({ results: [{ stored: [], refused: [{ seq: 7, code: 'future' }] }] });
    expect(unnamed.json()).toMatchObject({
      status: 422,
      code: 'reading_refused',
      errors: [{ path: '[1].at' }],
    });
    expect(await stored()).toEqual([]);
  });

  it.each([[[]], [1], ['x'], [null], [[[]]]])('answers %j with 400', async (body) => {
    const { post } = start();

    const answer = await post('/api/v1/readings', JSON.stringify(body));

    expect(answer.statusCode).toBe(400);
  });
});

describe('GET', () => {
  it('/api/v1/streams/{stream} tells what has been received', async () => {
    const { app, post } = start();
    await post(
      '/api/v1/batches',
      batch(
        [
          [1, 0, 5, 1],
          [3, 0, 6, 1],
        ],
        { gone: [[2, 2, 'buried']] },
      ),
    );

    const whole = StreamAnswer.parse((await app.inject('/api/v1/streams/teststream')).json());
    const part = StreamAnswer.parse((await app.inject('/api/v1/streams/teststream?from=3')).json());

    expect(whole).toEqual({
      stream: 'teststream',
      gateway: 'attic',
      received: [
        [1, 1],
        [3, 3],
      ],
      gone: [[2, 2, 'buried']],
      highest: 3,
    });
    expect(part).toMatchObject({ received: [[3, 3]], gone: [] });
  });

  it.each([
    '/api/v1/streams/BAD!',
    '/api/v1/streams/x',
    '/api/v1/streams/teststream?from=0',
    '/api/v1/streams/teststream?from=1&from=2',
  ])('%s is a 404 with a reason', async (url) => {
    const { app } = start();

    const answer = await app.inject(url);

    expect(answer.json()).toMatchObject({ status: 404, code: 'stream_invalid' });
  });

  it('/health says that readings can be stored', async () => {
    const { app, post, world } = start();
    await post('/api/v1/batches', batch([[1, 0, 5, 1]]));
    await world.clock.advance(60_000);

    const answer = await app.inject('/health');

    expect(answer.statusCode).toBe(200);
    expect(HealthAnswer.parse(answer.json())).toEqual({
      status: 'ok',
      version: '9.9.9',
      schema: 1,
      uptimeMs: 60_000,
      store: { ok: true, schema: STORE_MIGRATIONS.length, rowsStored: 1, lastStoredAt: INCIDENT_AT },
    });
  });

  it('/health is 503 while the store cannot work', async () => {
    const { app, store } = start();
    await store.close();

    const answer = await app.inject('/health');

    expect(answer.statusCode).toBe(503);
    expect(HealthAnswer.parse(answer.json())).toMatchObject({
      status: 'failing',
      store: { ok: false, code: 'store_closed' },
    });
  });
});

describe('an answer of the write API', () => {
  it.each([
    ['GET', '/', '', 404],
    ['GET', '/api/v1/../../etc/passwd', '', 404],
    ['GET', '/%zz', '', 404],
    ['GET', `/api/v1/streams/${'a'.repeat(2_000)}`, '', 404],
    ['PROPFIND', '/api/v1/batches', '', 404],
    ['GET', '/api/v1/batches', '', 405],
    ['DELETE', '/api/v1/streams/teststream', '', 405],
    ['PUT', '/health', 'anything', 405],
    ['POST', '/api/v1/batches', '', 400],
    ['POST', '/api/v1/batches', '{"gateway":', 400],
    ['POST', '/api/v1/batches', '{"value":NaN}', 400],
    ['POST', '/api/v1/batches', '{"__proto__":{"admin":true}}', 400],
    ['POST', '/api/v1/batches', '{"constructor":{"prototype":{"admin":true}}}', 400],
    ['POST', '/api/v1/batches', '['.repeat(100_000), 400],
    ['POST', '/api/v1/batches', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400],
    ['POST', '/api/v1/readings', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 400],
    ['POST', '/api/v1/batches', ' '.repeat(1_048_577), 413],
    ['POST', '/api/v1/readings', '\u0000', 400],
  ] as const)(
    'to %s %.40s with %.30j is a problem, carries our identity and is reported',
    async (method, url, payload, status) => {
      const { app, world } = start();

      const answer = await app.inject({
        method: method as 'GET',
        url,
        headers: payload === '' && method !== 'POST' ? {} : { 'content-type': 'application/json' },
        payload,
      });

      expect(answer.statusCode).toBe(status);
      expect(answer.headers[API_IDENTITY_HEADER]).toBe(apiIdentity('9.9.9'));
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(ProblemAnswer.parse(answer.json())).toMatchObject({ status });
      expect(world.recorder.of('request.refused')).toMatchObject([{ method, status }]);
      expect({}).not.toHaveProperty('admin');
    },
  );

  it('to a wrong method says which are right', async () => {
    const { app } = start();

    expect((await app.inject({ method: 'PUT', url: '/health' })).headers.allow).toBe('GET, HEAD');
    expect((await app.inject('/api/v1/readings')).headers.allow).toBe('POST');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp'])(
    'to a body declared as %s is 415: a web page could send it without asking',
    async (type) => {
      const { post } = start();

      const answer = await post('/api/v1/readings', '{}', { 'content-type': type });

      expect(answer.json()).toMatchObject({ status: 415, code: 'type_not_supported' });
    },
  );

  it('takes a byte order mark and a charset, as some programs write them', async () => {
    const { post } = start();

    const answer = await post('/api/v1/batches', `\ufeff${JSON.stringify(batch([[1, 0, 5, 1]]))}`, {
      'content-type': 'application/json; charset=utf-8',
    });

    expect(answer.json()).toMatchObject({ stored: [[1, 1]] });
  });

  it('takes the last of two equal keys, as JSON.parse does', async () => {
    const { post, stored } = start();

    await post('/api/v1/readings', '{"sensor":"roof","metric":"rain","value":1,"value":2}');

    expect(await stored()).toMatchObject([{ value: 2 }]);
  });

  it.each([
    ['127.0.0.1:8470', 200],
    ['[::1]:8470', 200],
    ['localhost', 200],
    ['192.168.1.20:8470', 200],
    ['LocalHost:8470', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost:8470:1', 421],
  ])('to a request for host %s is %i', async (host, status) => {
    const { app } = start();

    const answer = await app.inject({ url: '/health', headers: { host } });

    expect(answer.statusCode).toBe(status);
    expect(answer.headers[API_IDENTITY_HEADER]).toBe(apiIdentity('9.9.9'));
  });

  it.each([
    ['store_busy', '1'],
    ['store_full', '60'],
    ['store_io', '30'],
    ['store_corrupt', '60'],
  ] as const)('while the store says %s is 503 with Retry-After', async (code, seconds) => {
    const failing = (store: ReadingsStore): ReadingsStore => ({
      ...store,
      ingest: () => Promise.reject(new StoreFault(code, 'the store: no', undefined)),
    });
    const { post } = start({ wrap: failing });

    const answer = await post('/api/v1/batches', batch([[1, 0, 5, 1]]));

    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe(seconds);
    expect(answer.json()).toMatchObject({ code });
  });

  it('to a bug of ours is 500 without its insides, which are reported', async () => {
    const broken = (store: ReadingsStore): ReadingsStore => ({
      ...store,
      ingest: () => Promise.reject(new Error('secret insides')),
    });
    const { post, world } = start({ wrap: broken });

    const answer = await post('/api/v1/batches', batch([[1, 0, 5, 1]]));

    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
    expect(world.recorder.of('request.refused')).toMatchObject([
      { code: 'internal', message: expect.stringContaining('secret insides') },
    ]);
  });

  it('shows no control characters of a sender', async () => {
    const { post } = start();

    const answer = await post('/api/v1/readings', '{"\\u001b[2J":1,"sensor":"\\u0007"}');

    const { detail, errors } = ProblemAnswer.parse(answer.json());
    expect(`${detail}${JSON.stringify(errors)}`).not.toMatch(/\p{Cc}|\\u00/u);
  });
});
