import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';

let target: Server;
let requests = 0;
let proxy: FaultProxy;

beforeEach(async () => {
  requests = 0;
  target = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.end('twelve bytes');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  proxy = await createFaultProxy({
    targetPort: (target.address() as AddressInfo).port,
    dripMs: 1,
    delayMs: 50,
  });
});

afterEach(async () => {
  await proxy.close();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

/** The text of an answer, or `failed`. */
function get(timeoutMs = 2_000): Promise<string> {
  return fetch(`http://127.0.0.1:${proxy.port}/`, { signal: AbortSignal.timeout(timeoutMs) })
    .then((response) => response.text())
    .catch(() => 'failed');
}

test.each([
  ['pass', 'twelve bytes', 1],
  ['delay', 'twelve bytes', 1],
  ['drip', 'twelve bytes', 1],
  ['refuse', 'failed', 0],
  ['garbage', 'failed', 0],
  ['swallowReply', 'failed', 1],
  ['resetMidBody', 'failed', 1],
  ['cut', 'failed', 1],
] as const)('%s: the client sees "%s" and the target %d requests', async (mode, seen, arrived) => {
  await proxy.mode(mode);

  expect(await get()).toBe(seen);
  expect(requests).toBe(arrived);
});

test('stall: the connection is accepted and nothing ever comes', async () => {
  await proxy.mode('stall');

  expect(await get(200)).toBe('failed');
  expect(proxy.accepted()).toBe(1);
  expect(requests).toBe(0);
});

test('the port stays the same through refusing and healing', async () => {
  await proxy.mode('refuse');
  await proxy.mode('pass');

  expect(await get()).toBe('twelve bytes');
});

test('a mode that begins drops the connections that are open', async () => {
  await get();

  await proxy.mode('stall');
  await expect.poll(() => proxy.connections()).toBe(0);
});

test('target: from then on it leads elsewhere', async () => {
  const other = createServer((_request, response) => response.end('the other one'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));

  proxy.target((other.address() as AddressInfo).port);

  expect(await get()).toBe('the other one');
  expect(requests).toBe(0);
  other.closeAllConnections();
  other.close();
});
