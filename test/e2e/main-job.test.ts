/** The main job with the built programs on real input: sample -> outbox -> breaker -> write API -> store. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseApiIdentity } from '../../lib/flow/reading.ts';
import type { Line } from '../support/child-program.ts';
import { createGateway, isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';

/** What `append` has accepted, according to the reader's log. */
function accepted(lines: readonly Line[]): number {
  return Math.max(0, ...lines.filter(isAppended).map((line) => Number(line.hi)));
}

test('readings of this machine reach the store, once each and without a hole', async () => {
  const gateway = await createGateway();
  const api = await gateway.startApi();
  const reader = await gateway.startReader();

  await reader.count(isStored, 3);
  reader.kill('SIGTERM');
  api.kill('SIGTERM');
  const exits = await Promise.all([reader.exited, api.exited]);
  const stored = await gateway.stored();

  expect(exits).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  expect(seqsOf(stored)).toEqual(upTo(accepted(reader.lines)));
  const metrics = new Set(
    stored.filter((one) => !one.sensor.startsWith('simulated-')).map((one) => one.metric),
  );
  expect(metrics.size).toBeGreaterThanOrEqual(5);
  expect(new Set(stored.map((one) => one.gateway))).toEqual(new Set(['test-gateway']));
});

test('while the API is down readings are kept, and after it is back each is stored once', async () => {
  const gateway = await createGateway();
  const reader = await gateway.startReader();

  await reader.line(isEvent('breaker.opened'));
  await reader.count(isAppended, 6);
  const api = await gateway.startApi();
  await reader.line(isEvent('breaker.closed'));
  await reader.count(isStored, 2);
  reader.kill('SIGTERM');
  await reader.exited;
  const { accepted: all } = await gateway.drain();
  api.kill('SIGTERM');
  await api.exited;

  const opened = reader.lines.find(isEvent('breaker.opened'));
  expect(opened?.msg).toBe('Circuit breaker OPEN - API failures exceeded threshold (3)');
  expect(opened?.failures).toBe(3);
  expect(reader.lines.find(isEvent('breaker.closed'))?.msg).toBe('Circuit breaker CLOSED - API recovered');
  expect(seqsOf(await gateway.stored())).toEqual(upTo(all));
});

test('a write API that comes back is noticed without waiting for the end of a pause', async () => {
  const gateway = await createGateway();
  const reader = await gateway.startReader({ SENSORGW_BREAKER_PAUSES: '[1h]' });

  await reader.line(isEvent('breaker.opened'));
  await gateway.startApi();

  // With a pause of an hour this line comes only if the API's return itself was noticed.
  await reader.line(isEvent('breaker.closed'));
});

test('kill -9 of the reader loses nothing that was accepted and stores nothing twice', async () => {
  const gateway = await createGateway();
  await gateway.startApi();
  let most = 0;

  for (let life = 0; life < 3; life += 1) {
    const reader = await gateway.startReader();
    await reader.count(isAppended, 2);
    reader.kill('SIGKILL');
    await reader.exited;
    most = Math.max(most, accepted(reader.lines));
  }

  const { accepted: all } = await gateway.drain();
  expect(all).toBeGreaterThan(most);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(all));
});

test('kill -9 of the write API in the middle of the work does not break the count either', async () => {
  const gateway = await createGateway();
  const reader = await gateway.startReader();

  for (let life = 0; life < 3; life += 1) {
    const api = await gateway.startApi();
    await api.line((line) => line.event === 'batch.ingested');
    api.kill('SIGKILL');
    await api.exited;
  }
  reader.kill('SIGTERM');
  await reader.exited;

  await gateway.startApi();
  const { accepted: all } = await gateway.drain();
  expect(seqsOf(await gateway.stored())).toEqual(upTo(all));
});

test('the API tells who it is, and a malformed batch is a problem that stores nothing', async () => {
  const gateway = await createGateway();
  await gateway.startApi();
  const url = `http://127.0.0.1:${gateway.port}`;

  const health = await fetch(`${url}/health`);
  const malformed = await fetch(`${url}/api/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"gateway":"x","stream":"aaaaaaaaaa","series":[],"readings":[[1,0,1,"NaN"]]}',
  });

  expect(health.status).toBe(200);
  expect(parseApiIdentity(health.headers.get('sensorgw-api') ?? '')).toBeDefined();
  expect(malformed.status).toBe(400);
  expect(malformed.headers.get('content-type')).toContain('application/problem+json');
  expect(await gateway.stored()).toEqual([]);
});

test('after a clean stop no health file and no open write-ahead log are left', async () => {
  const gateway = await createGateway();
  const api = await gateway.startApi();
  const reader = await gateway.startReader();

  await reader.line(isStored);
  const whileRunning = readdirSync(gateway.runDir).sort();
  reader.kill('SIGTERM');
  api.kill('SIGTERM');
  await Promise.all([reader.exited, api.exited]);

  expect(whileRunning).toEqual([
    'sensor-api-write.health.json',
    'sensor-api.sock',
    'sensor-main.health.json',
    'sensor-main.lock',
    'sensor-main.prom',
    'sensor-main.sock',
  ]);
  // The lock's file; what holds it is gone with the process.
  expect(readdirSync(gateway.runDir)).toEqual(['sensor-main.lock']);
  expect(existsSync(join(gateway.dir, 'outbox.db-wal'))).toBe(false);
  expect(existsSync(join(gateway.dir, 'store.db-wal'))).toBe(false);
});
