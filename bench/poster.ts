/**
 * One client of the write API, as lean as HTTP/1.1 allows: a connection of its own that posts, waits for the answer,
 * and posts again. A whole HTTP client takes as much of a core for a small request as the server does, and where
 * both share two cores it would measure itself.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Poster {
  /** Resolves with the body of the answer. Rejects if that is not 200, or the connection ends meanwhile. One at a time. */
  post(path: string, body: string): Promise<string>;
  close(): void;
}

interface Waiting {
  resolve(body: string): void;
  reject(error: Error): void;
}

const HEAD_END = '\r\n\r\n';

export function createPoster(port: number): Poster {
  let socket: Socket | undefined;
  let waiting: Waiting | undefined;
  let received = '';

  function fail(error: Error): void {
    waiting?.reject(error);
    waiting = undefined;
  }

  function take(part: string): void {
    received += part;
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1];
    const bodyAt = headEnd + HEAD_END.length;
    if (length === undefined) {
      fail(new Error(`an answer without a length: ${received}`));
      return;
    }
    if (received.length < bodyAt + Number(length)) return;
    const answer = received;
    received = '';
    const { resolve, reject } = waiting ?? {};
    waiting = undefined;
    if (answer.startsWith('HTTP/1.1 200 ')) resolve?.(answer.slice(bodyAt));
    else reject?.(new Error(answer));
  }

  async function connected(): Promise<Socket> {
    // The server lets go of a connection that has rested for a while: while the others have their turn, say.
    if (socket?.writable === true && !socket.readableEnded) return socket;
    const fresh = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    socket = fresh;
    received = '';
    await once(fresh, 'connect');
    fresh.on('error', fail).on('data', take);
    fresh.on('close', () => {
      if (fresh === socket) fail(new Error('the server has closed the connection'));
    });
    return fresh;
  }

  return {
    async post(path, body) {
      const link = await connected();
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        link.write(
          `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
            `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      });
    },
    close: () => socket?.destroy(),
  };
}
