/** Who is let in where other machines can reach the port, and for whom they may speak. */

import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { ProblemAnswer } from '../reading.ts';
import type { Guard } from './access.ts';
import { createGuessWatch } from './guess-watch.ts';
import { createRateLimit } from './rate-limit.ts';
import { createWriteApi } from './server.ts';
import { createSqliteStore } from './store/sqlite-store.ts';
import { createTokenBook } from './token-book.ts';
import { hashOf, writeTokens } from './token-file.ts';

const BATCHES = '/api/v1/batches';
const READINGS = '/api/v1/readings';
const batch = (gateway: string, stream = 'teststream') => ({
  gateway,
  stream,
  series: [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
  readings: [[1, 0, 1_000, 20.5]],
});
const reading = (more: object = {}) => ({
  sensor: 'roof',
  metric: 'temperature',
  value: 20.5,
  at: 1_000,
  ...more,
});

function start(options: { guarded?: boolean; perSecond?: number } = {}) {
  const { guarded = true, perSecond = 100 } = options;
  const dir = tempDir();
  const file = join(dir, 'tokens.json');
  const world = createTestWorld();
  const setTokens = (tokens: Record<string, string>) =>
    writeTokens(
      file,
      Object.entries(tokens).map(([gateway, token]) => ({
        gateway,
        hash: hashOf(token).toString('hex'),
        addedAt: 1,
      })),
    );
  setTokens({ attic: 'attics-token', shed: 'sheds-token' });
  const guard: Guard = {
    tokens: createTokenBook(file),
    guesses: createGuessWatch(world.clock),
    rate: createRateLimit({ perSecond, clock: world.clock }),
  };
  const store = createSqliteStore({ file: join(dir, 'store.db'), world });
  const { app } = createWriteApi({ store, world, version: '9.9.9', guard: guarded ? guard : undefined });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  const send = (body: unknown, headers: Record<string, string> = {}, url = BATCHES) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(body),
    });
  const received = async (stream = 'teststream') => (await store.stream(stream)).received;
  return { app, send, received, setTokens, world };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('where other machines can reach the port', () => {
  it('a gateway delivers with its own token', async () => {
    const { send } = start();

    const answer = await send(batch('attic'), bearer('attics-token'));

    expect(answer.json()).toMatchObject({ stored: [[1, 1]] });
  });

  it.each([
    ['no token', {}, 401, 'token_missing'],
    ['another scheme', { authorization: 'Basic YXR0aWM6eA==' }, 401, 'token_missing'],
    ['an empty token', { authorization: 'Bearer ' }, 401, 'token_missing'],
    ['a token of a thousand characters', bearer('x'.repeat(1_000)), 401, 'token_missing'],
    ['a token that nobody has', bearer('attics-tokem'), 401, 'token_unknown'],
    ['the hash of a token', bearer(hashOf('attics-token').toString('hex')), 401, 'token_unknown'],
    ['the token of another gateway', bearer('sheds-token'), 403, 'gateway_refused'],
  ])('nothing is stored with %s', async (_what, headers, status, code) => {
    const { send, received } = start();

    const answer = await send(batch('attic'), headers);

    expect(answer.statusCode).toBe(status);
    expect(ProblemAnswer.parse(answer.json())).toMatchObject({ code });
    expect(await received()).toEqual([]);
  });

  it('a revoked token is refused from the next request on', async () => {
    const { send, setTokens } = start();
    const before = await send(batch('attic'), bearer('attics-token'));

    setTokens({ shed: 'sheds-token' });
    const after = await send(batch('attic'), bearer('attics-token'));

    expect([before.statusCode, after.statusCode]).toEqual([200, 401]);
  });

  it('readings that name no gateway are those of the token, and one of another gateway refuses all of its request', async () => {
    const { send, received } = start();
    const named = (gateway: string, seq: number) => reading({ gateway, stream: 'otherstream', seq });

    const own = await send(reading(), bearer('attics-token'), READINGS);
    const mixed = await send([named('attic', 1), named('shed', 2)], bearer('attics-token'), READINGS);

    expect(own.statusCode).toBe(200);
    expect(mixed.statusCode).toBe(403);
    expect(ProblemAnswer.parse(mixed.json())).toMatchObject({ code: 'gateway_refused' });
    expect(await received('otherstream')).toEqual([]);
  });

  it('a gateway is told of its own streams alone, and of those that nobody has', async () => {
    const { app, send } = start();
    await send(batch('attic'), bearer('attics-token'));
    const ask = (stream: string, token: string) =>
      app.inject({ url: `/api/v1/streams/${stream}`, headers: bearer(token) });

    const answers = await Promise.all([
      ask('teststream', 'attics-token'),
      ask('teststream', 'sheds-token'),
      ask('unknownstream', 'sheds-token'),
    ]);

    expect(answers.map((one) => one.statusCode)).toEqual([200, 403, 200]);
  });

  it('anybody may ask whether it works, and is told no more', async () => {
    const { app } = start();

    expect((await app.inject('/health')).statusCode).toBe(200);
    expect((await app.inject('/api/v1/streams/teststream')).statusCode).toBe(401);
  });

  it('a host name in the request is fine: who has a token was not lured here', async () => {
    const { send } = start();

    const answer = await send(batch('attic'), { ...bearer('attics-token'), host: 'collector.example' });

    expect(answer.statusCode).toBe(200);
  });

  it('a gateway that asks too often is told when to return, and holds up no other', async () => {
    const { send, world } = start({ perSecond: 1 });
    const ask = (name: string) => send(batch(name, `${name}stream`), bearer(`${name}s-token`));

    const statuses = [];
    for (const name of ['attic', 'attic', 'attic', 'shed']) statuses.push(await ask(name));
    await world.clock.advance(1_000);
    statuses.push(await ask('attic'));

    expect(statuses.map((one) => one.statusCode)).toEqual([200, 200, 429, 200, 200]);
    expect(statuses[2]?.headers['retry-after']).toBe('1');
    expect(ProblemAnswer.parse(statuses[2]?.json())).toMatchObject({ code: 'rate_limited' });
  });
});

describe('who tries tokens', () => {
  const guess = (n: number) => bearer(`guess-number-${n}`);

  it('is answered ten times, then told when to return, and finds a good token refused as well', async () => {
    const { send, received, world } = start();
    const codes: string[] = [];
    for (let n = 0; n < 12; n += 1) codes.push((await send(batch('attic'), guess(n))).json().code);
    const lucky = await send(batch('attic'), bearer('attics-token'));
    await world.clock.advance(6_000);
    const later = await send(batch('attic'), bearer('attics-token'));

    expect(codes).toEqual([...Array(10).fill('token_unknown'), 'guesses_limited', 'guesses_limited']);
    expect([lucky.statusCode, lucky.headers['retry-after']]).toEqual([429, '6']);
    expect(later.statusCode).toBe(200);
    expect(await received()).toEqual([[1, 1]]);
  });

  it('silences no gateway that delivers from the same address', async () => {
    const { send } = start();
    await send(batch('attic'), bearer('attics-token'));
    for (let n = 0; n < 30; n += 1) await send(batch('attic'), guess(n));

    const [same, moved] = [bearer('attics-token'), bearer('sheds-token')];

    expect((await send(batch('attic'), same)).statusCode).toBe(200);
    expect((await send(batch('shed', 'shedstream'), moved)).statusCode).toBe(429);
  });

  it('twin: a gateway with a wrong token, which shows it once a minute, is never told to wait', async () => {
    const { send, world } = start();
    const statuses = new Set<number>();
    for (let minute = 0; minute < 60; minute += 1) {
      statuses.add((await send(batch('attic'), guess(1))).statusCode);
      await world.clock.advance(60_000);
    }

    expect([...statuses]).toEqual([401]);
  });
});

describe('on this machine', () => {
  it('nobody is asked for a token, and any gateway may be named', async () => {
    const { send } = start({ guarded: false });

    expect((await send(batch('attic'))).statusCode).toBe(200);
    expect((await send(batch('shed', 'otherstream'))).statusCode).toBe(200);
  });

  it.each([
    ['of another site', { origin: 'https://evil.example' }],
    ['of a file', { origin: 'null' }],
    ['on this very port', { origin: 'http://127.0.0.1:8470' }],
    ['that sends no Origin', { 'sec-fetch-site': 'cross-site' }],
  ])('a web page %s may not ask', async (_what, headers) => {
    const { send, received } = start({ guarded: false });

    const answer = await send(batch('attic'), headers);

    expect(answer.statusCode).toBe(403);
    expect(ProblemAnswer.parse(answer.json())).toMatchObject({ code: 'origin_refused' });
    expect(await received()).toEqual([]);
  });

  it('a name that somebody has pointed at us is refused', async () => {
    const { send } = start({ guarded: false });

    expect((await send(batch('attic'), { host: 'rebound.example' })).statusCode).toBe(421);
  });
});
