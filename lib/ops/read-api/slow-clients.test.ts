/** Clients of the read API that dawdle, flood or leave, on a real socket: none keeps others from their answers. */

import { expect, it, onTestFinished } from 'vitest';
import { dial } from '../../../test/support/dial.ts';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { systemClock } from '../../base/clock.ts';
import type { RefusedRequest } from '../../base/http/problem-answers.ts';
import { createReadApi } from './server.ts';

const MIB = 1_048_576;
const AT = Date.UTC(2026, 0, 15, 16, 9, 35);

async function start() {
  const rig = createStoreRig();
  await rig.put(
    ROOF,
    Array.from({ length: 4_000 }, (_, i) => [AT + i * 1_000, i] as const),
  );
  const refused: RefusedRequest[] = [];
  const api = createReadApi({
    ask: rig.ask,
    clock: systemClock,
    program: 'sensor-monitor',
    version: '1.2.3',
    onRefused: (one) => refused.push(one),
  });
  const { url, port } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    api.app.server.closeAllConnections();
    await api.close();
    await rig.close();
  });
  return { url, dial: () => dial(port), refused };
}

const HALF = 'GET /api/v1/latest HTTP/1.1\r\nHost: loc';
const HEADED = 'GET /api/v1/latest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n';
const EXPORT = `GET /api/v1/export?since=${AT}&until=now HTTP/1.1\r\nHost: localhost\r\n\r\n`;

it.each([
  ['say nothing', ''],
  ['send half of a header', HALF],
  ['announce a body that never comes', HEADED],
])('200 slow clients that %s cost next to nothing, and others are answered', async (_what, bytes) => {
  const { url, dial } = await start();
  const before = process.memoryUsage.rss();
  const clients = await Promise.all(Array.from({ length: 200 }, () => dial()));
  for (const { socket } of clients) socket.write(bytes);

  const answer = await fetch(`${url}/api/v1/latest`);

  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ series: [{ value: 3_999 }] });
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB);
  for (const { socket } of clients) socket.destroy();
});

it('a client that never finishes its headers is let go of in its time', async () => {
  const { dial } = await start();
  const { socket, received, ended } = await dial();

  socket.write(HALF);
  await ended;

  expect(received()).toMatch(/^HTTP\/1\.1 408 /);
});

it('clients that take nothing of their files leave their places to others when they go', async () => {
  const { url, dial } = await start();
  const idle = await Promise.all(Array.from({ length: 4 }, () => dial()));
  // What fits into the kernel's buffers is sent in any case: a stream that is over has left its place.
  for (const { socket } of idle) socket.pause().write(EXPORT.repeat(200));
  for (const { socket } of idle) socket.destroy();

  let answer = await fetch(`${url}/api/v1/export?since=${AT}`);
  while (answer.status === 503) answer = await fetch(`${url}/api/v1/export?since=${AT}`);

  expect(answer.status).toBe(200);
  await answer.text();
});

it('whoever leaves in the middle of a request is no bug of ours', async () => {
  const { dial, refused } = await start();
  const clients = await Promise.all(Array.from({ length: 20 }, () => dial()));

  for (const [i, { socket }] of clients.entries()) socket.end(i % 2 === 0 ? HEADED : HALF);
  await Promise.all(clients.map(({ ended }) => ended));

  expect(refused.filter(({ code }) => code === 'internal')).toEqual([]);
});
