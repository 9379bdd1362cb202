/** What the write API answers to those who look after it. */

import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import type { Guard } from './access.ts';
import { createGuessWatch } from './guess-watch.ts';
import { createRateLimit } from './rate-limit.ts';
import { createWriteApi, type WriteApiOptions } from './server.ts';
import { createSqliteStore } from './store/sqlite-store.ts';
import { createTokenBook } from './token-book.ts';
import { hashOf, writeTokens } from './token-file.ts';

function start(more: Partial<WriteApiOptions> = {}) {
  const dir = tempDir();
  const world = createTestWorld();
  const store = createSqliteStore({ file: join(dir, 'store.db'), world });
  const { app } = createWriteApi({ store, world, version: '9.9.9', ...more });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ url, headers: { host: 'localhost', ...headers } });
    return { status: answer.statusCode, text: answer.body, type: answer.headers['content-type'] };
  };
  return { dir, world, store, get };
}

/** As where other machines can reach it. */
function guardOf({ dir, world }: Pick<ReturnType<typeof start>, 'dir' | 'world'>): Guard {
  const file = join(dir, 'tokens.json');
  writeTokens(file, [{ gateway: 'prometheus', hash: hashOf('its-token').toString('hex'), addedAt: 1 }]);
  return {
    tokens: createTokenBook(file),
    guesses: createGuessWatch(world.clock),
    rate: createRateLimit({ perSecond: 100, clock: world.clock }),
  };
}

it('is live and ready, and lists what it looked at if asked', async () => {
  const { get } = start();

  expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(await get('/readyz?verbose')).toMatchObject({
    status: 200,
    text: '[+]store ok\n[+]loops ok\nreadyz check passed\n',
  });
});

it('a store that is closed is live and not ready, and the reason is said with what to do', async () => {
  const { get, store } = start();
  await store.close();

  expect(await get('/livez')).toMatchObject({ status: 200 });
  const { status, text } = await get('/readyz');
  expect(status).toBe(503);
  expect(text).toMatch(/^\[-\]store failed: store_\w+: .+\n\[\+\]loops ok\nreadyz check failed\n$/);
});

it('a loop that is stuck is neither', async () => {
  const { get } = start({ overdue: () => ['upkeep'] });

  for (const probe of ['livez', 'readyz']) {
    const { status, text } = await get(`/${probe}`);
    expect([status, text]).toEqual([503, expect.stringContaining('[-]loops failed: stuck: upkeep\n')]);
  }
});

it('shows its metrics in the format of Prometheus, and not to a page in a browser', async () => {
  const { get } = start({ metrics: async () => 'a 1\n' });

  expect(await get('/metrics')).toEqual({
    status: 200,
    text: 'a 1\n',
    type: 'text/plain; version=0.0.4; charset=utf-8',
  });
  expect(await get('/metrics', { origin: 'https://example.com' })).toMatchObject({ status: 403 });
  expect(await get('/metrics', { host: 'example.com' })).toMatchObject({ status: 421 });
});

it('where others can reach it metrics take a token, and whether it lives does not', async () => {
  const rig = start();
  const { get } = start({ metrics: async () => 'a 1\n', guard: guardOf(rig) });

  expect(await get('/metrics')).toMatchObject({ status: 401 });
  expect(await get('/metrics', { authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
  expect(await get('/metrics', { authorization: 'Bearer its-token' })).toMatchObject({ status: 200 });
  expect(await get('/livez')).toMatchObject({ status: 200 });
  expect(await get('/readyz')).toMatchObject({ status: 200 });
});

it('without metrics there is nothing at their path', async () => {
  expect(await start().get('/metrics')).toMatchObject({ status: 404 });
});
