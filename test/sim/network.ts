/**
 * The network of a simulated world: from each reader to each write API one link, which delays, refuses, breaks,
 * swallows, and answers in somebody's place. What arrives is handed to the very HTTP server of the API; only sockets
 * are missing. Keeps the rules of the road itself: whoever sends more than it may is reported.
 */

import type { FastifyInstance } from 'fastify';
import type { Random } from '../../lib/base/random.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../../lib/flow/reading.ts';
import type { Connection } from '../../lib/flow/sync/connection.ts';
import {
  createHttpDelivery,
  type HttpDelivery,
  type HttpDeliveryOptions,
} from '../../lib/flow/sync/deliver.ts';
import type { HttpAnswer } from '../../lib/flow/sync/delivery-outcome.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a link does to a request. */
export type LinkFault =
  | { readonly kind: 'refused' }
  /** Each way takes so long more. */
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'silent' }
  /** Broken off before it arrives. */
  | { readonly kind: 'reset' }
  /** It arrives, is answered, and the answer is lost. */
  | { readonly kind: 'reply lost' }
  /** Each of the three before, now and then. */
  | { readonly kind: 'lossy'; readonly share: number }
  /** Answered in the place of the API; `retryAfter` is the header. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: string }
  /** A page of somebody else's. */
  | { readonly kind: 'stranger' }
  /** The API fails on every batch that has one of these seqs in it. */
  | { readonly kind: 'poison'; readonly status: 422 | 500; isPoison(seq: number): boolean };

export interface Link {
  readonly url: string;
  /** `undefined`: nobody listens. */
  serve(app: FastifyInstance | undefined): void;
  /** At most one fault at a time; `undefined` heals. */
  fault(fault: LinkFault | undefined): void;
  /** For a reader whose programs may die: what is under way then goes on without them. */
  connect(options: HttpDeliveryOptions, isAlive: () => boolean): HttpDelivery;
}

export interface LinkOptions {
  readonly url: string;
  readonly time: Pick<VirtualTime, 'during'>;
  /** In the time of the machine that asks: while it is suspended, nothing comes or goes. */
  readonly after: VirtualTime['after'];
  readonly random: Random;
  /** A request leaves; `sent` is what is under way of its kind now, itself included. */
  readonly onRequest: (request: { readonly method: 'GET' | 'POST'; readonly underWay: number }) => void;
  /** The reader is given this answer to what it has sent. */
  readonly onAnswer: (body: string, answer: HttpAnswer) => void;
}

/** A loopback, and a network in the house. */
const WAY_MS_MAX = 40;
/** Of a request that is neither refused nor answered, the other side hears nothing more after this. */
const FAR_AWAY_MS = 7 * 86_400_000;

export function createLink({ url, time, after, random, onRequest, onAnswer }: LinkOptions): Link {
  let app: FastifyInstance | undefined;
  let present: LinkFault | undefined;
  let underWay = 0;

  const pass = (ms: number) => new Promise<void>((resolve) => void after(ms, resolve));
  const way = () => pass(1 + random.fraction() * WAY_MS_MAX + (present?.kind === 'slow' ? present.ms : 0));

  /** A fault that comes and goes is drawn anew for each request. */
  function drawn(): LinkFault | undefined {
    if (present?.kind !== 'lossy') return present;
    if (random.fraction() >= present.share) return undefined;
    const kinds = ['silent', 'reset', 'reply lost'] as const;
    return { kind: kinds[Math.floor(random.fraction() * kinds.length)] ?? 'silent' };
  }

  async function arrive(method: 'GET' | 'POST', path: string, body: string | undefined): Promise<HttpAnswer> {
    if (app === undefined) throw connectionError('ECONNREFUSED');
    const server = app;
    const answer = await time.during(
      server.inject({
        method,
        url: path,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { payload: body }),
      }),
    );
    // It died with the request in its hands.
    if (app !== server) throw connectionError('ECONNRESET');
    const headers = Object.entries(answer.headers).map(([key, value]) => [key, String(value)] as const);
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(headers),
      body: answer.body,
      tooLong: false,
    };
  }

  async function exchange(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
  ): Promise<HttpAnswer> {
    const fault = drawn();
    await way();
    switch (fault?.kind) {
      case 'refused':
        throw connectionError('ECONNREFUSED');
      case 'silent':
        await pass(FAR_AWAY_MS);
        throw connectionError('ETIMEDOUT');
      case 'reset':
        throw connectionError('ECONNRESET');
      case 'reply lost':
        await arrive(method, path, body);
        throw connectionError('ECONNRESET');
      case 'answer':
        return answerOf(fault.status, fault.retryAfter);
      case 'stranger':
        return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>', tooLong: false };
      case 'poison':
        if (body !== undefined && seqsIn(body).some(fault.isPoison)) return answerOf(fault.status);
        break;
      default:
    }
    const answer = await arrive(method, path, body);
    await way();
    return answer;
  }

  function connection(isAlive: () => boolean): Connection {
    return {
      request: (method, path, body, signal) =>
        new Promise((resolve, reject) => {
          underWay += 1;
          onRequest({ method, underWay });
          let isOver = false;
          const end = (settle: () => void) => {
            if (isOver) return;
            isOver = true;
            underWay -= 1;
            // A dead program hears nothing.
            if (isAlive()) settle();
          };
          signal.addEventListener('abort', () => end(() => reject(new Error('abandoned'))), { once: true });
          exchange(method, path, body).then(
            (answer) =>
              end(() => {
                if (body !== undefined) onAnswer(body, answer);
                resolve(answer);
              }),
            (error: unknown) => end(() => reject(error)),
          );
        }),
      renew() {},
      close: async () => {},
    };
  }

  return {
    url,
    serve(next) {
      app = next;
    },
    fault(next) {
      present = next;
    },
    connect: (options, isAlive) =>
      createHttpDelivery({ ...options, openConnection: () => connection(isAlive) }),
  };
}

function connectionError(code: string): Error {
  return Object.assign(new Error(`${code} in a simulated network`), { code });
}

/** As a write API of ours answers, with nothing but a problem in it. */
function answerOf(status: number, retryAfter?: string): HttpAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      [API_IDENTITY_HEADER]: apiIdentity('0.0.0'),
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    },
    body: JSON.stringify({ code: 'simulated', detail: `answered with ${status}` }),
    tooLong: false,
  };
}

/** A row begins with its seq. */
function seqsIn(body: string): readonly number[] {
  const { readings } = JSON.parse(body) as { readonly readings: readonly (readonly [number])[] };
  return readings.map(([seq]) => seq);
}
