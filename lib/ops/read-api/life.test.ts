/** What the monitor answers to those who look after it. */

import { expect, it } from 'vitest';
import { createStoreRig } from '../../../test/support/store-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import { QUESTIONS_MAX } from './limits.ts';
import { createReadApi, type ReadApiOptions } from './server.ts';
import { StoreGone } from './thread-failure.ts';

function start(ask: AskStore, more: Partial<ReadApiOptions> = {}) {
  const { clock } = createTestWorld();
  const answered: string[] = [];
  const { app } = createReadApi({
    ask,
    clock,
    program: 'sensor-monitor',
    version: '1.2.3',
    onRefused: () => {},
    onAnswered: (url) => answered.push(url),
    ...more,
  });
  const get = async (url: string) => {
    const answer = await app.inject({ url, headers: { host: 'localhost' } });
    return { status: answer.statusCode, text: answer.body, type: answer.headers['content-type'] };
  };
  return { get, answered };
}

const missing: AskStore = async () => {
  throw new StoreGone('SGW_DATABASE_MISSING', 'store.db does not exist');
};

it('is live and ready, and lists what it looked at if asked', async () => {
  const { get, answered } = start(createStoreRig().ask);

  expect(await get('/livez?verbose')).toMatchObject({
    status: 200,
    text: '[+]loops ok\nlivez check passed\n',
  });
  expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(answered).toEqual([]);
});

it('without a store it is live and not ready, and says what is missing', async () => {
  const { get } = start(missing);

  expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    text: '[-]store failed: store_missing: store.db does not exist\n[+]loops ok\nreadyz check failed\n',
  });
});

it('a loop that is stuck is neither', async () => {
  const { get } = start(createStoreRig().ask, { overdue: () => ['store thread'] });

  for (const probe of ['livez', 'readyz'])
    expect(await get(`/${probe}`)).toMatchObject({
      status: 503,
      text: expect.stringContaining('[-]loops failed: stuck: store thread\n'),
    });
});

it('shows its metrics and lives on while it has more questions than it takes', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { ask } = createStoreRig();
  const slow: AskStore = async (name, ...args) => {
    await held;
    return ask(name, ...args);
  };
  const { get } = start(slow, { metrics: async () => 'a 1\n' });

  const waiting = Array.from({ length: QUESTIONS_MAX }, () => get('/api/v1/latest'));
  const refused = await get('/api/v1/latest');
  const [metrics, livez] = await Promise.all([get('/metrics'), get('/livez')]);
  release();
  await Promise.all(waiting);

  expect(refused.status).toBe(503);
  expect(metrics).toEqual({ status: 200, text: 'a 1\n', type: 'text/plain; version=0.0.4; charset=utf-8' });
  expect(livez.status).toBe(200);
});
