/** The monitor as a process of its own: it answers beside the others, and nothing hangs on it. */

import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startProgram } from '../support/child-program.ts';
import { createGateway, type Gateway, isStored, seqsOf, upTo } from '../support/gateway.ts';

/** Each waits for rounds most of the time. */
vi.setConfig({ maxConcurrency: 3 });

/** The answers of a monitor of its own. */
async function askedMonitor(gateway: Gateway) {
  const { program, port } = await gateway.startMonitor();
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    const text = await answer.text();
    const isJson = /\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, text, body: isJson ? JSON.parse(text) : undefined };
  };
  return { program, port, ask };
}

test.concurrent('the monitor starts without a store, answers as soon as there is one, and tells exactly what is stored', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const { program, ask } = await askedMonitor(gateway);

  const before = await ask('/api/v1/latest');
  await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.count(isStored, 2);
  const health = await ask('/health');
  const ledger = await gateway.finish(reader);
  const { text } = await ask('/api/v1/export?format=ndjson&since=1h');
  program.kill('SIGTERM');

  expect(before).toMatchObject({ status: 503, body: { code: 'store_missing' } });
  expect(health).toMatchObject({ status: 200, body: { status: 'ok' } });
  const told = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(told.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(upTo(ledger.accepted));
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(existsSync(join(gateway.runDir, 'sensor-monitor.health.json'))).toBe(false);
});

test.concurrent('readings go on to be stored while the monitor is stopped, killed, and asked by clients that take nothing', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.count(isStored, 1);
  const { program, port } = await gateway.startMonitor();

  const idle = Array.from({ length: 4 }, () => {
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write('GET /api/v1/export?since=1h HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return socket;
  });
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  await reader.count(isStored, 3);
  program.kill('SIGSTOP');
  await reader.count(isStored, 5);
  program.kill('SIGKILL');
  await reader.count(isStored, 7);
  const ledger = await gateway.finish(reader);
  for (const socket of idle) socket.destroy();

  expect(seqsOf(await gateway.stored())).toEqual(upTo(ledger.accepted));
});

test.concurrent('a port that is taken ends the monitor with 69 and says which', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const { port } = await gateway.startMonitor();

  const second = startProgram('sensor-monitor', {
    env: { ...gateway.env, SENSORGW_MONITOR_PORT: String(port) },
    onTestFinished,
  });

  expect(await second.exited).toEqual({ code: 69, signal: null });
  expect(second.lines.map((line) => line.text).join('\n')).toContain(`${port} is in use by another program`);
});

test.concurrent('a monitor whose data directory is deleted stays, and says what is missing', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const { ask } = await askedMonitor(gateway);
  expect(await ask('/health')).toMatchObject({ status: 200 });

  rmSync(gateway.dir, { recursive: true });
  await api.exited;

  expect(await ask('/health')).toMatchObject({
    status: 503,
    body: { store: { ok: false, code: 'store_missing' } },
  });
});

test.concurrent('a copy of the store is taken while readings come in, and is sound: none of them waits for it', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.count(isStored, 2);
  const { program, port } = await gateway.startMonitor();

  const create = startProgram('sensorctl', {
    args: ['backup', 'create', '--json', '--from', `http://127.0.0.1:${port}`, '--output', gateway.dir],
    env: gateway.env,
    onTestFinished,
  });
  const { created } = await create.line((line) => line.dry_run === false);
  const [file = ''] = Array.isArray(created) ? created : [];
  await reader.count(isStored, 4);
  const verify = startProgram('sensorctl', {
    args: ['backup', 'verify', file, '--json'],
    env: gateway.env,
    onTestFinished,
  });
  const verdict = await verify.line((line) => line.database === 'store');
  const ledger = await gateway.finish(reader);
  program.kill('SIGTERM');

  expect(await create.exited).toEqual({ code: 0, signal: null });
  expect(verdict).toMatchObject({ ok: true, database: 'store' });
  expect(Number(verdict.readings)).toBeGreaterThan(0);
  expect(Number(verdict.readings)).toBeLessThanOrEqual(ledger.accepted);
  expect(
    reader.lines.filter((line) => line.event === 'batch.delivered' && line.outcome !== 'stored'),
  ).toEqual([]);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(ledger.accepted));
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(readdirSync(gateway.dir).filter((name) => name.startsWith('store-download'))).toEqual([]);
});

test.concurrent('a monitor that is killed while it copies leaves nothing that its next start does not remove', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  writeFileSync(join(gateway.dir, 'store-download.db.part'), 'half of a copy');

  const { ask } = await askedMonitor(gateway);

  expect(readdirSync(gateway.dir).filter((name) => name.startsWith('store-download'))).toEqual([]);
  expect(await ask('/health')).toMatchObject({ status: 200 });
});
