/** A bare TCP connection to a server of ours, for what no HTTP client would send. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection and everything that it has received. */
export async function dial(
  port: number,
): Promise<{ socket: Socket; received: () => string; ended: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => {
    text += data.toString();
  });
  // A reset is one of the ways in which a server may end a connection.
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.on('close', resolve));
  await once(socket, 'connect');
  return { socket, received: () => text, ended };
}
