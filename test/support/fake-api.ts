/**
 * A scripted write API over real HTTP, for the answers that the real one never gives. It speaks the
 * wire, keeps count of how often each reading was stored (exactly once is what it is for), and
 * can misbehave in one way at a time.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { API_IDENTITY_HEADER, apiIdentity, BatchRequest } from '../../lib/flow/reading.ts';
import { rangesOfSeqs } from '../../lib/flow/seq-ranges.ts';

export type Script =
  /** Stores, recognises duplicates, and names both. */
  | { readonly as: 'stored' }
  /** Any fixed answer. Stores nothing. */
  | {
      readonly as: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Stores before giving it. */
      readonly afterStoring?: boolean;
    }
  /** Turns away every batch that has one of these seqs in it, and stores the others. */
  | { readonly as: 'turnsAway'; readonly status: 400 | 422 | 500; readonly seqs: readonly number[] }
  /** 413 for more rows than this. */
  | { readonly as: 'tooLarge'; readonly rowsMax: number }
  /** Refuses these seqs by name in a 200, and stores the others. */
  | { readonly as: 'refusesByName'; readonly seqs: readonly number[] }
  /** Answers after this many milliseconds, as `stored`. */
  | { readonly as: 'slow'; readonly ms: number }
  /** Reads the request and never answers. */
  | { readonly as: 'silent' };

export interface FakeApi {
  readonly port: number;
  readonly url: string;
  script(next: Script): void;
  /** The identity header of every answer; `undefined` for a stranger that has none. */
  identity(value: string | undefined): void;
  /** How often a reading was stored: 1, or something is wrong. */
  storedCount(stream: string, seq: number): number;
  /** All seqs stored of a stream, ascending. */
  stored(stream: string): number[];
  /** Every request, in order: its headers and how many rows it carried. */
  readonly requests: {
    readonly headers: IncomingMessage['headers'];
    readonly path: string;
    readonly rows: number;
  }[];
  /** Closes idle connections without a word, as a server does after its keep-alive time. */
  dropConnections(): void;
  connections(): number;
  close(): Promise<void>;
}

export async function createFakeApi(): Promise<FakeApi> {
  const received = new Map<string, Map<number, number>>();
  const requests: FakeApi['requests'] = [];
  const sockets = new Set<Socket>();
  let script: Script = { as: 'stored' };
  let identity: string | undefined = apiIdentity('0.0.0-fake');

  function store(batch: BatchRequest, except: readonly number[] = []) {
    const counts = received.get(batch.stream) ?? new Map<number, number>();
    received.set(batch.stream, counts);
    const seqs = batch.readings.map(([seq]) => seq).filter((seq) => !except.includes(seq));
    const duplicate = seqs.filter((seq) => counts.has(seq));
    const stored = seqs.filter((seq) => !counts.has(seq));
    for (const seq of stored) counts.set(seq, (counts.get(seq) ?? 0) + 1);
    return { stored: rangesOfSeqs(stored), duplicate: rangesOfSeqs(duplicate) };
  }

  function reply(response: ServerResponse, status: number, body: unknown, headers = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/html' : 'application/json';
    response.writeHead(status, {
      'content-type': type,
      ...(identity === undefined ? {} : { [API_IDENTITY_HEADER]: identity }),
      ...headers,
    });
    response.end(text);
  }

  function answerBatch(batch: BatchRequest, response: ServerResponse): void {
    const seqs = batch.readings.map(([seq]) => seq);
    const ok = (except: readonly number[] = []) => {
      const refused = seqs.filter((seq) => except.includes(seq));
      reply(response, 200, {
        ...store(batch, except),
        refused: refused.map((seq) => ({ seq, code: 'SGW_READING_INVALID', message: `seq ${seq} is bad` })),
      });
    };
    switch (script.as) {
      case 'stored':
        return ok();
      case 'refusesByName':
        return ok(script.seqs);
      case 'answer':
        if (script.afterStoring) store(batch);
        return reply(response, script.status, script.body ?? '', script.headers);
      case 'tooLarge':
        if (seqs.length <= script.rowsMax) return ok();
        return reply(response, 413, { code: 'SGW_TOO_LARGE', detail: `at most ${script.rowsMax} rows` });
      case 'turnsAway': {
        const bad = script.seqs.filter((seq) => seqs.includes(seq));
        if (bad.length === 0) return ok();
        return reply(response, script.status, {
          code: 'SGW_BAD_ROW',
          detail: `seq ${bad.join(', ')} is bad`,
        });
      }
      case 'slow':
        setTimeout(ok, script.ms);
        return;
      case 'silent':
        return;
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const path = request.url ?? '';
      const note = (rows: number) => requests.push({ headers: request.headers, path, rows });
      if (request.method === 'GET') {
        note(0);
        const stream = decodeURIComponent(path.split('/').at(-1) ?? '');
        const seqs = [...(received.get(stream)?.keys() ?? [])];
        if (script.as === 'answer') return reply(response, script.status, script.body ?? '', script.headers);
        return reply(response, 200, { stream, gateway: null, received: rangesOfSeqs(seqs), gone: [] });
      }
      const batch = BatchRequest.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      note(batch.readings.length);
      answerBatch(batch, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    script(next) {
      script = next;
    },
    identity(value) {
      identity = value;
    },
    storedCount: (stream, seq) => received.get(stream)?.get(seq) ?? 0,
    stored: (stream) => [...(received.get(stream)?.keys() ?? [])].sort((a, b) => a - b),
    requests,
    dropConnections,
    connections: () => sockets.size,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      dropConnections();
      await closed;
    },
  };
}
