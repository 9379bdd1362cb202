import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createStoreRig, ROOF, type StoreRig } from '../../../test/support/store-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { StoreFault } from '../../flow/write-api/readings-store.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import { QUESTIONS_MAX } from './limits.ts';
import type { ReadRoute } from './route.ts';
import { READ_ROUTES } from './routes/index.ts';
import { createReadApi } from './server.ts';
import { StoreGone } from './thread-failure.ts';

const NOW_AT = Date.UTC(2026, 0, 15, 16, 9, 35);
const HUMIDITY = { ...ROOF, metric: 'humidity', unit: 'percent' };

function createApi(ask: AskStore) {
  const { clock } = createTestWorld({ wallMs: NOW_AT });
  const refused: string[] = [];
  const { app } = createReadApi({
    ask,
    clock,
    program: 'sensor-monitor',
    version: '1.2.3',
    onRefused: ({ code }) => refused.push(code),
  });
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ url, headers: { host: 'localhost', ...headers } });
    const isJson = String(answer.headers['content-type']).includes('json') && answer.body !== '';
    return {
      ...answer,
      status: answer.statusCode,
      text: answer.body,
      body: isJson && !url.includes('ndjson') ? answer.json() : undefined,
    };
  };
  return { app, get, clock, refused };
}

/** Ten minutes of a reading every 10 s of two metrics, the last one now. */
async function filled(): Promise<StoreRig> {
  const rig = createStoreRig();
  const times = Array.from({ length: 60 }, (_, i) => NOW_AT - 1_000 - (59 - i) * 10_000);
  await rig.put(
    ROOF,
    times.map((at, i) => [at, 20 + i / 10]),
  );
  await rig.put(
    HUMIDITY,
    times.map((at) => [at, 50]),
  );
  return rig;
}

it('lists the series, page by page, and what is newest in each', async () => {
  const { get } = createApi((await filled()).ask);

  const first = await get('/api/v1/series?limit=1');
  const second = await get(`/api/v1/series?limit=1&cursor=${first.body.next}`);
  const latest = await get('/api/v1/latest?metric=temperature');

  expect(first.body.series).toEqual([HUMIDITY]);
  expect(second.body).toEqual({ series: [ROOF] });
  expect(latest.body.series).toEqual([
    { ...ROOF, at: NOW_AT - 1_000, value: 25.9, flags: 0, stream: 'rigstream', seq: 60 },
  ]);
});

it('gives the readings themselves where they are few enough', async () => {
  const { get } = createApi((await filled()).ask);

  const { body } = await get('/api/v1/range?metric=temperature&since=1m');

  expect(body).toMatchObject({ resolution: 'raw', columns: ['at', 'value', 'flags', 'count', 'min', 'max'] });
  expect(body.series[0].points).toHaveLength(6);
  expect(body.series[0].points.at(-1)).toEqual([NOW_AT - 1_000, 25.9, 0, 1, 25.9, 25.9]);
});

it.each([
  ['since=10m&points=20', 'minute', 60_000],
  ['since=2d&points=100', 'hour', 3_600_000],
  ['since=365d&points=1000', 'day', 86_400_000],
  ['since=3650d&points=1000', 'days', 4 * 86_400_000],
  ['since=1h&resolution=hour', 'hour', 3_600_000],
])('answers %s by the %s', async (query, resolution, stepMs) => {
  const rig = await filled();
  await rig.settle();
  const { get } = createApi(rig.ask);

  const { body } = await get(`/api/v1/range?metric=temperature&${query}`);

  expect(body).toMatchObject({ resolution, stepMs });
  const points: number[][] = body.series[0].points;
  expect(points.reduce((sum, [, count = 0]) => sum + count, 0)).toBe(60);
  expect(body.since % stepMs).toBe(0);
  expect((body.until - body.since) / stepMs).toBeLessThanOrEqual(1_000);
});

it('gives every reading once, however small the pages are and whatever is stored meanwhile', async () => {
  const rig = await filled();
  const { get } = createApi(rig.ask);
  const seen: number[] = [];
  let cursor = '';
  let pages = 0;

  do {
    const { body } = await get(`/api/v1/range?resolution=raw&limit=7&since=1h${cursor}`);
    for (const { points } of body.series) seen.push(...points.map(([at]: number[]) => at));
    cursor = body.next === undefined ? '' : `&cursor=${body.next}`;
    pages += 1;
    // Recent readings go to their places between two pages.
    if (pages === 3) await rig.settle();
  } while (cursor !== '');

  expect(pages).toBe(18);
  expect(seen).toHaveLength(120);
  expect(new Set(seen).size).toBe(60);
});

it('keeps suspect readings out of means and extremes, and counts them', async () => {
  const rig = createStoreRig();
  await rig.put(ROOF, [
    [NOW_AT - 3_000, 20],
    [NOW_AT - 2_000, 9_999, 2],
    [NOW_AT - 1_000, 22, 1],
  ]);
  const { get } = createApi(rig.ask);

  const { body } = await get('/api/v1/aggregate?since=1m');

  expect(body.columns).toEqual([
    'at',
    'count',
    'mean',
    'min',
    'max',
    'first',
    'last',
    'suspect',
    'untrusted',
  ]);
  expect(body.series[0].points).toEqual([[NOW_AT - 60_000, 2, 21, 20, 22, 20, 22, 1, 1]]);
});

it('finds when there were no readings, to the millisecond, from rollups as from readings', async () => {
  const rig = createStoreRig();
  const every = (from: number, until: number) =>
    Array.from({ length: Math.ceil((until - from) / 10_000) }, (_, i) => [from + i * 10_000, 1] as const);
  const hour = 3_600_000;
  await rig.put(ROOF, every(NOW_AT - 5 * hour, NOW_AT - 4 * hour));
  await rig.put(ROOF, every(NOW_AT - 3 * hour, NOW_AT - hour));
  await rig.settle();
  const { get } = createApi(rig.ask);

  const usual = await get('/api/v1/gaps?sensor=roof&since=5h');
  const long = await get('/api/v1/gaps?sensor=roof&since=5h&longer_than=1h');

  const gap = {
    since: NOW_AT - 4 * hour - 10_000,
    until: NOW_AT - 3 * hour,
    begunBefore: false,
    goesOn: false,
  };
  const open = { since: NOW_AT - hour - 10_000, until: NOW_AT, begunBefore: false, goesOn: true };
  expect(usual.body.series[0]).toMatchObject({ longerThanMs: 25_000, gaps: [gap, open] });
  expect(long.body.series[0]).toMatchObject({ longerThanMs: hour, gaps: [gap, open] });
});

it('exports as CSV, as CSV with types, and as a line for each reading', async () => {
  const rig = createStoreRig();
  await rig.put(ROOF, [[NOW_AT - 1_000, 20.5]]);
  const { get } = createApi(rig.ask);

  const csv = await get('/api/v1/export');
  const typed = await get('/api/v1/export?format=typed-csv&times=epoch');
  const lines = await get('/api/v1/export?format=ndjson');

  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
  expect(csv.text).toBe(
    'at,gateway,sensor,metric,unit,value,flags,count,min,max,stream,seq\n2026-01-15T16:09:34.000Z,attic,roof,temperature,celsius,20.5,0,1,20.5,20.5,rigstream,1\n',
  );
  expect(typed.text.split('\n')).toEqual([
    'at:int64,gateway:string,sensor:string,metric:string,unit:string,value:double,flags:int32,count:int64,min:double,max:double,stream:string,seq:int64',
    `${NOW_AT - 1_000},attic,roof,temperature,celsius,20.5,0,1,20.5,20.5,rigstream,1`,
    '',
  ]);
  expect(JSON.parse(lines.text)).toMatchObject({
    at: '2026-01-15T16:09:34.000Z',
    sensor: 'roof',
    value: 20.5,
  });
});

it('tells of an export without making it', async () => {
  const { app } = createApi(async (name, ...args) => {
    if (name !== 'held') throw new Error('nobody asked for the readings');
    return (await filled()).ask(name, ...args);
  });

  const head = await app.inject({ method: 'HEAD', url: '/api/v1/export', headers: { host: 'localhost' } });

  expect(head).toMatchObject({ statusCode: 200, body: '' });
  expect(head.headers['content-type']).toContain('text/csv');
});

it.each([
  ['the disk', new StoreFault('store_io', 'the store: disk I/O error', undefined), 'store_io'],
  ['a bug', new TypeError('x is not a function'), 'internal'],
])('says of an export that breaks off because of %s why it did', async (_what, error, code) => {
  const rig = await filled();
  let looks = 0;
  const { get, refused } = createApi(async (name, ...args) => {
    looks += 1;
    if (looks > 3) throw error;
    return rig.ask(name, ...args);
  });

  await get('/api/v1/export').catch(() => {});

  expect(refused).toEqual([code]);
});

it('says in a line that nothing has changed, and only then', async () => {
  const rig = await filled();
  const { get } = createApi(rig.ask);
  const first = await get('/api/v1/latest');
  const tag = String(first.headers.etag);

  const same = await get('/api/v1/latest', { 'if-none-match': `W/"other", ${tag}` });
  await rig.put(ROOF, [[NOW_AT, 30]]);
  const changed = await get('/api/v1/latest', { 'if-none-match': tag });

  expect(same).toMatchObject({ status: 304, text: '' });
  expect(changed.status).toBe(200);
  expect(changed.headers.etag).not.toBe(tag);
});

it.each([
  ['/api/v1/range?since=yesterday', 400, 'query_invalid', 'since must be whole milliseconds'],
  ['/api/v1/range?since=1h&until=2h', 400, 'query_invalid', 'since 1h is not before 2h'],
  ['/api/v1/range?points=0', 400, 'query_invalid', 'points '],
  ['/api/v1/range?points=10&points=20', 400, 'query_invalid', 'points must be a whole number'],
  ['/api/v1/range?colour=red', 400, 'query_invalid', 'colour'],
  ['/api/v1/range?sensor=../etc', 400, 'query_invalid', 'sensor must be 1 to 48 characters'],
  ['/api/v1/range?resolution=raw&cursor=WyJhIl0', 400, 'query_invalid', 'cursor is not the "next"'],
  ['/api/v1/range?cursor=WzEsMiwzLDRd', 400, 'query_invalid', 'cursor goes with resolution=raw'],
  ['/api/v1/series?cursor=WzFd', 400, 'query_invalid', 'cursor is not the "next"'],
  ['/api/v1/aggregate?bucket=1y', 400, 'query_invalid', 'bucket must be a whole number and a unit'],
  ['/api/v1/range?sensor=nobody', 404, 'series_unknown', 'sensor=nobody'],
  ['/api/v1/nothing', 404, 'not_found', 'GET /api/v1/nothing'],
])('%s is a problem with a reason', async (url, status, code, detail) => {
  const { get } = createApi((await filled()).ask);

  const answer = await get(url);

  expect(answer).toMatchObject({ status, body: { code, detail: expect.stringContaining(detail) } });
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.headers['sensorgw-api']).toBe('sensor-monitor/1.2.3; schema=1');
});

it('takes no other method, and no name that a stranger has pointed here', async () => {
  const { app, get } = createApi((await filled()).ask);

  const post = await app.inject({ method: 'POST', url: '/api/v1/range', headers: { host: 'localhost' } });
  const rebound = await get('/api/v1/latest', { host: 'evil.example' });

  expect(post.statusCode).toBe(405);
  expect(post.headers.allow).toBe('GET, HEAD');
  expect(rebound).toMatchObject({ status: 421, body: { code: 'host_unknown' } });
});

it.each([
  [new StoreGone('SGW_DATABASE_MISSING', 'store.db does not exist'), 'store_missing'],
  [new StoreGone('SGW_SCHEMA_TOO_NEW', 'store.db has schema 99'), 'store_too_new'],
  [new StoreGone('SGW_DATABASE_FOREIGN', 'store.db is a file of another program'), 'store_foreign'],
  [new StoreGone('SGW_DATA_DIR_UNUSABLE', 'cannot use store.db'), 'store_unreadable'],
  [new StoreFault('store_corrupt', 'the store: malformed', undefined), 'store_corrupt'],
  [new StoreFault('store_busy', 'the store: locked', undefined), 'store_busy'],
])('a store that cannot be asked is told in words (%s)', async (error, code) => {
  const { get } = createApi(() => Promise.reject(error));

  const latest = await get('/api/v1/latest');
  const file = await get('/api/v1/export');
  const health = await get('/health');

  for (const answer of [latest, file]) {
    expect(answer).toMatchObject({ status: 503, body: { code, detail: error.message } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(health).toMatchObject({ status: 503, body: { status: 'failing', store: { ok: false, code } } });
});

it('gives up on an answer that does not come, and says so', async () => {
  const { get, clock } = createApi(() => new Promise(() => {}));

  const asked = get('/api/v1/latest');
  await clock.advance(10_000);

  expect(await asked).toMatchObject({ status: 503, body: { code: 'answer_timeout' } });
});

it('refuses a question while too many are being answered, and takes one afterwards', async () => {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const rig = await filled();
  const { get } = createApi(async (name, ...args) => {
    await until;
    return rig.ask(name, ...args);
  });
  const waiting = Array.from({ length: QUESTIONS_MAX }, () => get('/api/v1/latest'));

  const refused = await get('/api/v1/latest');
  release();

  expect(refused).toMatchObject({ status: 503, body: { code: 'too_busy' } });
  for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200);
  expect((await get('/api/v1/latest')).status).toBe(200);
});

it('docs/read-api.md lists exactly the paths, and the parameters of each', async () => {
  const page = await readFile(new URL('../../../docs/read-api.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\/[^`]+)` \| [^|]+ \|([^|]*)\|$/gm)];

  const common = ['gateway', 'sensor', 'metric', 'unit'];
  const told = rows.map(([, url, names = '']) => [
    url,
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  ]);
  const { body } = await createApi((await filled()).ask).get('/openapi.json');
  const inCode = Object.entries<{ get: { parameters: { name: string }[] } }>(body.paths).map(
    ([url, { get }]) => [
      url,
      get.parameters.map(({ name }) => name).filter((name) => !common.includes(name)),
    ],
  );
  expect(told).toEqual(inCode);
});

it('describes in OpenAPI 3.1 exactly what there is', async () => {
  const { get } = createApi((await filled()).ask);

  const { body } = await get('/openapi.json');

  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths)).toEqual(READ_ROUTES.map(({ url }) => url));
  const range = body.paths['/api/v1/range'].get;
  expect(range.parameters.map(({ name }: { name: string }) => name)).toEqual([
    ...['gateway', 'sensor', 'metric', 'unit', 'since', 'until', 'resolution', 'points', 'limit', 'cursor'],
  ]);
  expect(range.parameters.find(({ name }: { name: string }) => name === 'points')).toMatchObject({
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 1_000 },
  });
  expect(new Set(operationIds(body)).size).toBe(READ_ROUTES.length);
  // What a tool would stumble over: references that lead nowhere.
  for (const [, ref] of JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g))
    expect(ref).toBe('#/components/schemas/Problem');
});

it.each(
  READ_ROUTES.filter(({ answer }) => !Array.isArray(answer)).map((route) => [route.url, route] as const),
)(
  'an answer of %s has the form that is described, and its parameters are the ones that it takes',
  async (url, route: ReadRoute) => {
    const rig = await filled();
    await rig.settle();
    const { get } = createApi(rig.ask);
    const asked = url === '/api/v1/range' ? ['', '?resolution=raw&limit=10', '?resolution=hour'] : [''];

    for (const query of asked) {
      const { status, body } = await get(`${url}${query}`);
      expect(status).toBe(200);
      const { answer } = route;
      if (!('safeParse' in answer)) continue;
      expect(answer.safeParse(body)).toMatchObject({ success: true });
    }
  },
);

function operationIds({ paths }: { paths: Record<string, { get: { operationId: string } }> }): string[] {
  return Object.values(paths).map(({ get }) => get.operationId);
}
