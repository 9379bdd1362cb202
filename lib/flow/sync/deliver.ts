/**
 * The HTTP adapter of the `Deliver` port. Promises that every request settles within one total deadline,
 * whatever the other side does, and leaves nothing behind: after a deadline the connection is destroyed.
 *
 * The timeouts of the HTTP client are no deadline (they restart with each chunk, and an abort does not reject
 * a request that is still queued), so ours is a race outside it. Each lane has a connection of its own:
 * on a shared one a fresh round would wait for a batch that hangs.
 */

import { type Clock, systemClock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Lane } from '../flow-event.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import { StreamAnswer } from '../reading.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { classify, type Deliver, type DeliveryOutcome, type HttpAnswer } from './delivery-outcome.ts';
import { createHostLookup } from './host-lookup.ts';

export interface HttpDeliveryOptions extends ConnectionOptions {
  /** Real time, unless a test owns it. */
  readonly clock?: Clock;
  /** Another way to the destination, for a simulated network. */
  readonly openConnection?: (options: HttpDeliveryOptions) => Connection;
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

  /** Whether a look-up of the host's name holds a thread of Node's pool, as it may do long after its request has ended. */
  isLookingUp(): boolean;
}

export function createHttpDelivery(options: HttpDeliveryOptions): HttpDelivery {
  const clock = options.clock ?? systemClock;
  const names = createHostLookup();
  const openConnection = options.openConnection ?? ((to) => createConnection(to, names.lookup));
  const connections = {
    live: openConnection(options),
    backfill: openConnection(options),
    look: openConnection(options),
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
    isLookingUp: () => names.isUnderWay(),
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

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const message = messageOf(error);
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}
