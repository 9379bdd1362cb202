/**
 * Stands in front of a real write API and may answer for it, in ways that the real one never does. What
 * it hands on is stored for real, so whatever it answers, "exactly once" can be looked up in the store.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchRequest } from '../../lib/flow/batch.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../../lib/flow/reading.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What becomes of a batch. `real` hands it on to the write API and gives what that answered. */
export type Behaviour = (batch: BatchRequest, real: () => Promise<Answer>) => Answer | Promise<Answer>;

/** A batch that has arrived. */
export interface Heard {
  readonly atMs: number;
  readonly seqs: readonly number[];
  readonly status: number;
}

export interface StandInApi {
  readonly port: number;
  behave(next: Behaviour): void;
  /** Every batch that was answered, in order. */
  readonly heard: readonly Heard[];
  /** Resolves when a batch matches, past or future. */
  hears(matches: (heard: Heard, index: number) => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function createStandInApi(apiPort: number): Promise<StandInApi> {
  const heard: Heard[] = [];
  const lookers = new Set<() => void>();
  let behave: Behaviour = (_batch, real) => real();

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const real = () => handOn(apiPort, request, body);
    const atMs = performance.now();
    if (request.method !== 'POST') return reply(response, await real());
    const batch = BatchRequest.parse(JSON.parse(body));
    const answer = await behave(batch, real);
    reply(response, answer);
    heard.push({ atMs, seqs: batch.readings.map(([seq]) => seq), status: answer.status });
    for (const look of lookers) look();
  }

  const server = createServer((request, response) => {
    response.on('error', () => {});
    onRequest(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    behave(next) {
      behave = next;
    },
    heard,
    hears: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          if (!heard.some(matches)) return;
          lookers.delete(look);
          resolve();
        };
        lookers.add(look);
        look();
      }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The identity of a write API of ours, for answers that are to be believed. */
export const OURS = { [API_IDENTITY_HEADER]: apiIdentity('0.0.0-stand-in') };

/** A problem as the write API words them. */
export function problem(status: number, detail: string): Answer {
  return {
    status,
    headers: { ...OURS, 'content-type': 'application/problem+json' },
    body: JSON.stringify({ status, code: `SGW_TEST_${status}`, title: detail, detail }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function handOn(port: number, request: IncomingMessage, body: string): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, {
    method: request.method ?? 'GET',
    // A connection of its own for each: one that has gone stale would be a fault that nobody asked for.
    headers: { 'content-type': 'application/json', connection: 'close' },
    ...(body === '' ? {} : { body }),
  });
  const identity = answer.headers.get(API_IDENTITY_HEADER);
  return {
    status: answer.status,
    headers: {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
      ...(identity === null ? {} : { [API_IDENTITY_HEADER]: identity }),
    },
    body: await answer.text(),
  };
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers ?? {});
  response.end(body ?? '');
}
