/**
 * The HTTP adapter of the `Deliver` port; undici's only home. Promises that every request settles
 * within one total deadline, whatever the other side does, and leaves nothing behind: the body is read
 * to its end or to a limit, and after a deadline the connection is destroyed.
 *
 * undici's own timeouts are no deadline (they restart with each chunk, and an abort does not reject a
 * request that is still queued), so ours is a race outside it. Each lane has a connection of its own:
 * on a shared one a fresh round would wait for a batch that hangs.
 */

import { Client } from 'undici';
import { type Clock, systemClock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Lane } from '../flow-event.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import { StreamAnswer } from '../reading.ts';
import { classify, type Deliver, type DeliveryOutcome, type HttpAnswer } from './delivery-outcome.ts';
import { ANSWER_BYTES_MAX, KEEP_ALIVE_MS } from './http-limits.ts';

export interface HttpDeliveryOptions {
  /** `http://127.0.0.1:8470`; a path, if any, comes before `/api/v1`. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string;
  /** PEM of the authority that signed the other side's certificate, when the system does not know it. */
  readonly ca?: string;
  /** For `User-Agent`: this gateway's version. */
  readonly version?: string;
  /** Real time, unless a test owns it. */
  readonly clock?: Clock;
}

type StreamRead =
  | { readonly kind: 'read'; readonly answer: StreamAnswer }
  | { readonly kind: 'failed'; readonly reason: string };

export interface HttpDelivery {
  /** One port for each lane, with a connection of its own. */
  readonly deliver: Readonly<Record<Lane, Deliver>>;

  /** What the store has received of a stream, from seq `from` on; on a connection that no lane waits for. Never rejects. */
  readStream(stream: string, deadlineMs: number, from?: number, stopping?: AbortSignal): Promise<StreamRead>;

  /** Destroys the connections; requests in flight settle as unavailable. */
  close(): Promise<void>;
}

/** Errors of a connection that the other side had closed while it lay idle. */
const STALE_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export function createHttpDelivery(options: HttpDeliveryOptions): HttpDelivery {
  const clock = options.clock ?? systemClock;
  const connections = {
    live: createConnection(options),
    backfill: createConnection(options),
    look: createConnection(options),
  };

  const via =
    (connection: Connection): Deliver =>
    async (batch, deadlineMs, stopping) => {
      const sent = await withinDeadline(connection, deadlineMs, stopping, (signal) =>
        post(connection, batch, signal),
      );
      return sent.ok ? classify(sent.answer, batch.seqs, clock.wallMs()) : unavailable(sent);
    };

  async function withinDeadline(
    connection: Connection,
    deadlineMs: number,
    stopping: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<HttpAnswer>,
  ): Promise<Sent> {
    try {
      const timed = await withDeadline(clock, 'deliver', deadlineMs, (late) =>
        abandonable(request, late, stopping),
      );
      if (!timed.late) return { ok: true, answer: timed.value };
      connection.renew();
      return { ok: false, late: true, reason: `no answer within ${deadlineMs} ms` };
    } catch (error) {
      if (stopping?.aborted) connection.renew();
      return { ok: false, late: false, reason: reasonOf(error) };
    }
  }

  return {
    deliver: { live: via(connections.live), backfill: via(connections.backfill) },
    async readStream(stream, deadlineMs, from = 1, stopping) {
      const page = from === 1 ? '' : `?from=${from}`;
      const path = `/api/v1/streams/${encodeURIComponent(stream)}${page}`;
      const sent = await withinDeadline(connections.look, deadlineMs, stopping, (signal) =>
        connections.look.request('GET', path, undefined, signal),
      );
      if (!sent.ok) return { kind: 'failed', reason: sent.reason };
      return readStreamAnswer(sent.answer, clock.wallMs());
    },
    async close() {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
  };
}

type Sent =
  | { readonly ok: true; readonly answer: HttpAnswer }
  | { readonly ok: false; readonly late: boolean; readonly reason: string };

function post(connection: Connection, batch: OutgoingBatch, signal: AbortSignal): Promise<HttpAnswer> {
  return connection.request('POST', '/api/v1/batches', batch.body, signal);
}

function unavailable(failed: Extract<Sent, { ok: false }>): DeliveryOutcome {
  return { kind: 'unavailable', reason: failed.reason, overloaded: failed.late };
}

function readStreamAnswer(answer: HttpAnswer, wallMs: number): StreamRead {
  // No seqs are asked about, so the table only tells whether the answer is ours and readable.
  const outcome = classify(answer, [], wallMs);
  if (outcome.kind === 'misconfigured') return { kind: 'failed', reason: outcome.reason };
  try {
    const parsed = StreamAnswer.safeParse(JSON.parse(answer.body));
    if (answer.status === 200 && parsed.success) return { kind: 'read', answer: parsed.data };
  } catch {
    // Not JSON: the sentence below says all that matters.
  }
  return { kind: 'failed', reason: `HTTP ${answer.status} does not say what was received` };
}

/** Rejects as soon as either signal aborts, even if undici has not noticed, and removes its listeners. */
async function abandonable<T>(
  work: (signal: AbortSignal) => Promise<T>,
  late: AbortSignal,
  stopping: AbortSignal | undefined,
): Promise<T> {
  const abandon = new AbortController();
  const onAbort = () => abandon.abort();
  const given = new Promise<never>((_resolve, reject) => {
    abandon.signal.addEventListener('abort', () => reject(new Error('abandoned')), { once: true });
  });
  given.catch(() => {}); // Lost the race: not news.
  late.addEventListener('abort', onAbort, { once: true });
  stopping?.addEventListener('abort', onAbort, { once: true });
  if (late.aborted || stopping?.aborted) onAbort();
  try {
    const job = work(abandon.signal);
    job.catch(() => {});
    return await Promise.race([job, given]);
  } finally {
    late.removeEventListener('abort', onAbort);
    stopping?.removeEventListener('abort', onAbort);
  }
}

/** One connection, opened when needed, replaced when it can no longer be trusted. */
interface Connection {
  request(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer>;
  /** Destroys the connection; the next request opens a new one. */
  renew(): void;
  close(): Promise<void>;
}

function createConnection(options: HttpDeliveryOptions): Connection {
  const url = new URL(options.url);
  const prefix = url.pathname.replace(/\/+$/, '');
  const headers = {
    accept: 'application/json',
    'user-agent': `sensor-gateway/${options.version ?? '0'}`,
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
  };
  /** Answers read on the connection that is open now. */
  let answersOnConnection = 0;
  let client = connect();

  function connect(): Client {
    const created = new Client(url.origin, {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The total deadline is ours; these would only settle first with a less useful reason.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: options.ca === undefined ? {} : { ca: options.ca },
    });
    created.on('connect', () => {
      answersOnConnection = 0;
    });
    return created;
  }

  const stale = (error: unknown) => answersOnConnection > 0 && STALE_CODES.has(codeOf(error) ?? '');

  return {
    async request(method, path, body, signal) {
      const ask = () =>
        client.request({
          method,
          path: prefix + path,
          headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
          body: body ?? null,
          signal,
        });
      const response = await ask().catch((error: unknown) => {
        // Failed before the first byte of an answer, on a connection that had answered before: the server
        // had closed it while it lay idle. That says nothing about its health, and it recognises the
        // batch if it did arrive: once more, within the same deadline.
        if (!stale(error) || signal.aborted) throw error;
        return ask();
      });
      const read = await readLimited(response.body);
      answersOnConnection += 1;
      return { status: response.statusCode, headers: flatHeaders(response.headers), ...read };
    },
    renew() {
      const old = client;
      answersOnConnection = 0;
      client = connect();
      old.destroy().catch(() => {});
    },
    async close() {
      await client.destroy().catch(() => {});
    },
  };
}

async function readLimited(stream: AsyncIterable<Buffer>): Promise<{
  body: string;
  tooLong: boolean;
}> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    // Leaving the loop destroys the connection: reading a stranger's gigabyte to its end would be worse.
    if (bytes > ANSWER_BYTES_MAX) return { body: '', tooLong: true };
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks).toString('utf8'), tooLong: false };
}

function flatHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([key, value]) => [key, Array.isArray(value) ? value[0] : value]),
  );
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const message = messageOf(error);
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}
