/**
 * A scripted write API over real HTTP, for the answers that the real one never gives. It speaks the
 * wire, stores exactly once, counts how often each reading arrives, and can misbehave in one way at a
 * time.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { BatchRequest } from '../../lib/flow/batch.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../../lib/flow/reading.ts';
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

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface FakeApi {
  readonly port: number;
  readonly url: string;
  script(next: Script): void;
  /** The identity header of every answer; `undefined` for a stranger that has none. */
  identity(value: string | undefined): void;
  /** How often a reading has arrived, whatever was answered. */
  arrivals(stream: string, seq: number): number;
  /** All seqs stored of a stream, ascending, each once. */
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
  const storedSeqs = new Map<string, Set<number>>();
  const arrivals = new Map<string, number>();
  const requests: FakeApi['requests'] = [];
  const sockets = new Set<Socket>();
  let script: Script = { as: 'stored' };
  let identity: string | undefined = apiIdentity('0.0.0-fake');

  function store(batch: BatchRequest, except: readonly number[] = []) {
    const known = storedSeqs.get(batch.stream) ?? new Set<number>();
    storedSeqs.set(batch.stream, known);
    const seqs = batch.readings.map(([seq]) => seq).filter((seq) => !except.includes(seq));
    const duplicate = seqs.filter((seq) => known.has(seq));
    const stored = seqs.filter((seq) => !known.has(seq));
    for (const seq of stored) known.add(seq);
    return { stored: rangesOfSeqs(stored), duplicate: rangesOfSeqs(duplicate) };
  }

  function streamAnswer(path: string): Answer {
    if (script.as === 'answer') return { ...script, body: script.body ?? '' };
    const stream = path.split('/').at(-1) ?? '';
    const received = rangesOfSeqs(storedSeqs.get(stream) ?? []);
    return { status: 200, body: { stream, gateway: null, received, gone: [] } };
  }

  function reply(response: ServerResponse, { status, body, headers }: Answer): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
      ...(identity === undefined ? {} : { [API_IDENTITY_HEADER]: identity }),
      ...headers,
    });
    response.end(text);
  }

  /** What the script says to a batch; `undefined` is silence. */
  function answerTo(batch: BatchRequest): Answer | undefined {
    const seqs = batch.readings.map(([seq]) => seq);
    switch (script.as) {
      case 'stored':
      case 'slow':
        return { status: 200, body: { ...store(batch), refused: [] } };
      case 'refusesByName': {
        const { seqs: bad } = script;
        const refused = seqs.filter((seq) => bad.includes(seq));
        return { status: 200, body: { ...store(batch, bad), refused: refused.map(refusal) } };
      }
      case 'answer':
        if (script.afterStoring) store(batch);
        return { status: script.status, body: script.body ?? '', headers: script.headers };
      case 'tooLarge':
        if (seqs.length > script.rowsMax) {
          return { status: 413, body: { code: 'SGW_TOO_LARGE', detail: `at most ${script.rowsMax} rows` } };
        }
        return { status: 200, body: { ...store(batch), refused: [] } };
      case 'turnsAway': {
        const bad = script.seqs.filter((seq) => seqs.includes(seq));
        if (bad.length > 0) return { status: script.status, body: refusal(bad[0] ?? 0) };
        return { status: 200, body: { ...store(batch), refused: [] } };
      }
      case 'silent':
        return undefined;
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const path = request.url ?? '';
      const body = Buffer.concat(chunks).toString('utf8');
      const batch = request.method === 'POST' ? BatchRequest.parse(JSON.parse(body)) : undefined;
      requests.push({ headers: request.headers, path, rows: batch?.readings.length ?? 0 });
      for (const [seq] of batch?.readings ?? []) {
        const key = `${batch?.stream} ${seq}`;
        arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
      }
      const answer = batch === undefined ? streamAnswer(path) : answerTo(batch);
      if (answer === undefined) return;
      if (script.as === 'slow') setTimeout(() => reply(response, answer), script.ms);
      else reply(response, answer);
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
    arrivals: (stream, seq) => arrivals.get(`${stream} ${seq}`) ?? 0,
    stored: (stream) => [...(storedSeqs.get(stream) ?? [])].sort((a, b) => a - b),
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

function refusal(seq: number) {
  return { seq, code: 'SGW_READING_INVALID', message: `seq ${seq} is bad` };
}
