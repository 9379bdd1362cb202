import { expect, onTestFinished, test } from 'vitest';
import { createFakeApi, type FakeApi } from './fake-api.ts';

async function post(api: FakeApi, seqs: number[]) {
  const readings = seqs.map((seq) => [seq, 0, 0, 1.5]);
  const series = [{ sensor: 'a', metric: 'b', unit: 'celsius' }];
  const body = JSON.stringify({ gateway: 'g', stream: 'stream00', series, readings });
  const response = await fetch(`${api.url}/api/v1/batches`, { method: 'POST', body, redirect: 'manual' });
  const text = await response.text();
  return { status: response.status, text, identity: response.headers.get('sensorgw-api') };
}

async function started() {
  const api = await createFakeApi();
  onTestFinished(() => api.close());
  return api;
}

test('it stores each reading once, counts every arrival, and recognises what it has', async () => {
  const api = await started();

  await post(api, [1, 2]);
  const again = await post(api, [2, 3]);

  expect(JSON.parse(again.text)).toEqual({ stored: [[3, 3]], duplicate: [[2, 2]], refused: [] });
  expect(api.stored('stream00')).toEqual([1, 2, 3]);
  expect([1, 2, 3].map((seq) => api.arrivals('stream00', seq))).toEqual([1, 2, 1]);
});

test('a batch that is turned away stores nothing of itself', async () => {
  const api = await started();
  api.script({ as: 'turnsAway', status: 422, seqs: [2] });

  expect((await post(api, [1, 2, 3])).status).toBe(422);
  expect((await post(api, [1, 3])).status).toBe(200);
  expect(api.stored('stream00')).toEqual([1, 3]);
});

test('it can store and then say something else, with and without its identity', async () => {
  const api = await started();
  api.script({ as: 'answer', status: 503, afterStoring: true });
  api.identity(undefined);

  expect(await post(api, [1])).toMatchObject({ status: 503, identity: null });
  expect(api.stored('stream00')).toEqual([1]);
});
