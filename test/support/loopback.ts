/** A server of a test on loopback, at a port of its own; closed with every connection when the test ends. */

import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OnTestFinished } from './temp-dir.ts';

/** Resolves with the port as soon as it listens. `finished`: of a test that runs beside others. */
export async function listenOnLoopback(
  server: Server,
  finished: OnTestFinished = onTestFinished,
): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  finished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}
