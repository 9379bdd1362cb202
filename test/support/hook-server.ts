/** A server that is sent notifications over HTTP: keeps every request, and answers as it is told to. */

import { createServer, type IncomingMessage } from 'node:http';
import { listenOnLoopback } from './loopback.ts';
import type { OnTestFinished } from './temp-dir.ts';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface HookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `silent`: never answers. `hangs up`: has it, and closes the connection instead of saying so. */
export type HookScript = HookAnswer | 'silent' | 'hangs up';

export interface HookServer {
  readonly url: string;
  readonly posted: readonly Posted[];
  script(next: HookScript): void;
}

export async function startHookServer(finished?: OnTestFinished): Promise<HookServer> {
  const posted: Posted[] = [];
  let script: HookScript = { status: 200 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => {});
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
      posted.push({ path: request.url ?? '', headers: request.headers, body });
      if (script === 'silent') return;
      if (script === 'hangs up') return void request.socket.destroy();
      response.writeHead(script.status, script.headers).end(script.body ?? '');
    });
  });
  const port = await listenOnLoopback(server, finished);
  return {
    url: `http://127.0.0.1:${port}`,
    posted,
    script(next) {
      script = next;
    },
  };
}
