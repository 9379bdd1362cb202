/**
 * The read API: what is stored, asked over HTTP on this machine. It can only look: it has no connection that
 * could write, and it runs in another program than the one that stores. Answers carry an ETag, so that whoever
 * asks again is told in a line that nothing has changed.
 */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createHttpServer, type HttpServer, refuseOtherMethods } from '../../base/http/http-server.ts';
import { HttpProblem, problemOf } from '../../base/http/problem.ts';
import type { RefusedRequest } from '../../base/http/problem-answers.ts';
import type { TextPage } from '../../base/http/text-page.ts';
import { API_IDENTITY_HEADER, WIRE_SCHEMA } from '../../flow/reading.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import type { Feed } from '../events/feed.ts';
import { CHUNK_BYTES_MAX, CLIENTS_MAX } from '../events/limits.ts';
import { EXPORTS_MAX, IDLE_MAX_MS, QUESTIONS_MAX, READ_API_LIMITS } from './limits.ts';
import { openApiOf } from './openapi.ts';
import { problemOfStore, READ_PROBLEMS, readProblem } from './problem.ts';
import type { EventsReply, FileReply, JsonReply, ReadApi, ReadRoute, TextReply } from './route.ts';
import { READ_ROUTES } from './routes/index.ts';
import type { StoreBackups } from './store-backups.ts';

export interface ReadApiOptions {
  readonly ask: AskStore;
  readonly clock: Clock;
  /** The program, for its name in the identity header and in messages. */
  readonly program: string;
  readonly version: string;
  readonly onRefused: (refused: RefusedRequest) => void;
  /** A question about what is stored was answered. */
  readonly onAnswered?: (url: string, durationMs: number) => void;
  /** What happens, for those who listen. */
  readonly events?: Feed | undefined;
  /** Copies of the store's file; left out where it is none. */
  readonly backups?: Pick<StoreBackups, 'make'> | undefined;
  /** The numbers of the program, in the text format of Prometheus. */
  readonly metrics?: () => Promise<string>;
  /** Names of the program's loops that have not moved when they had promised to. */
  readonly overdue?: () => readonly string[];
}

export function createReadApi(options: ReadApiOptions): HttpServer {
  const { clock, program, version } = options;
  const startedMono = clock.monotonicMs();
  const openApi = openApiOf(READ_ROUTES, version);
  const api: ReadApi = {
    ask: options.ask,
    clock,
    version,
    uptimeMs: () => clock.monotonicMs() - startedMono,
    openApi: () => openApi,
    events: options.events,
    backups: options.backups,
    metrics: options.metrics ?? (async () => ''),
    overdue: options.overdue ?? (() => []),
  };
  const server = createHttpServer({
    clock,
    program,
    identity: { name: API_IDENTITY_HEADER, value: `${program}/${version}; schema=${WIRE_SCHEMA}` },
    limits: READ_API_LIMITS,
    table: READ_PROBLEMS,
    problemOfError: problemOfStore,
    onRefused: options.onRefused,
  });
  server.app.server.timeout = IDLE_MAX_MS;

  const questions = createPlaces(QUESTIONS_MAX);
  const exports = createPlaces(EXPORTS_MAX);
  const listeners = createPlaces(CLIENTS_MAX);

  async function answer(
    route: ReadRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const fromMono = clock.monotonicMs();
    const leave = route.isAlwaysAnswered === true ? () => {} : questions.enter();
    try {
      const found = await route.handle(request.query, api);
      if (found.kind === 'page') return sendPage(found, reply);
      options.onAnswered?.(route.url, clock.monotonicMs() - fromMono);
      if (found.kind === 'json') return sendJson(found, request, reply);
      if (found.kind === 'events') return sendEvents(found, request, reply);
      if (found.kind === 'file') {
        // It takes as long as it takes, and keeps nobody's place meanwhile.
        leave();
        return await sendFile(found, request, reply);
      }
      // Otherwise all of it would be read, and thrown away.
      return request.method === 'HEAD' ? reply.type(found.type).send('') : sendText(found, reply);
    } finally {
      leave();
    }
  }

  /** The client notices because the end is missing; the log should have the reason, and of a bug where it is. */
  function brokenOff(path: string, error: unknown): void {
    const known = error instanceof HttpProblem ? error : problemOfStore(error);
    const code = known?.code ?? 'internal';
    const { status } = problemOf(READ_PROBLEMS, code, '');
    const stack = error instanceof Error ? error.stack : undefined;
    const message = `broken off: ${known?.message ?? stack ?? messageOf(error)}`;
    options.onRefused({ method: 'GET', path, status, code, message });
  }

  function sendText({ type, fileName, chunks }: TextReply, reply: FastifyReply): FastifyReply {
    const leave = exports.enter();
    const stream = Readable.from(chunks, { objectMode: false })
      .once('close', leave)
      .once('error', (error) => brokenOff(reply.request.url, error));
    return reply
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="${fileName}"`)
      .type(type)
      .send(stream);
  }

  function sendEvents(
    { type, tell }: EventsReply,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply {
    // A proxy that gathered what it passes on would hold it back.
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type(type);
    if (request.method === 'HEAD') return reply.send('');
    const leave = listeners.enter();
    const left = new AbortController();
    reply.raw.once('close', () => left.abort());
    const stream = Readable.from(tell(lastEventIdOf(request), left.signal), {
      objectMode: false,
      highWaterMark: CHUNK_BYTES_MAX,
    });
    return reply.send(stream.once('close', leave));
  }

  async function sendFile(
    { type, fileName, make }: FileReply,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    refusePages(request);
    if (request.method === 'HEAD') return reply.type(type).send('');
    const { socket } = request.raw;
    const left = new AbortController();
    const leave = () => left.abort();
    socket.once('close', leave);
    // While it is made there is nothing to be sent, and that is not the client's fault.
    socket.setTimeout(0);
    try {
      const { bytes, sha256, stream } = await make(left.signal);
      stream.once('error', (error) => brokenOff(request.url, error));
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${fileName}"`)
        .header('content-length', bytes)
        .header('repr-digest', `sha-256=:${sha256}:`)
        .type(type)
        .send(stream);
    } finally {
      socket.off('close', leave);
      socket.setTimeout(IDLE_MAX_MS);
    }
  }

  for (const route of READ_ROUTES) {
    server.app.get(route.url, (request, reply) => answer(route, request, reply));
    refuseOtherMethods(server.app, 'GET', route.url);
  }
  return server;
}

/** A page can have its visitor's browser ask, and each time costs as much of the disk as there is stored. */
function refusePages({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isOwn = site === undefined || site === 'none' || site === 'same-origin';
  const from = headers.origin ?? (isOwn ? undefined : site);
  if (from !== undefined)
    throw readProblem('origin_refused', `the request was made by a page: ${String(from)}`);
}

function sendPage({ status, type, text }: TextPage, reply: FastifyReply): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type(type).send(text);
}

function sendJson(
  { body, status = 200 }: JsonReply,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, TAG_LENGTH)}"`;
  // Kept by a browser, and asked about each time: what is stored changes every few seconds.
  reply.header('cache-control', 'no-cache').header('etag', tag).type('application/json; charset=utf-8');
  if (status === 200 && names(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.code(status).send(text);
}

function lastEventIdOf({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' ? id : undefined;
}

/** Of 256 bits so many that nobody meets two answers with the same. */
const TAG_LENGTH = 22;

/** Whether an If-None-Match header names the tag; compared weakly, as it is meant to be. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag);
}

/** So many at the same time. `enter` gives what leaves again, once; throws `too_busy` when all are taken. */
function createPlaces(max: number): { enter(): () => void } {
  let taken = 0;
  return {
    enter() {
      if (taken >= max)
        throw readProblem('too_busy', `${max} are being answered already`, { retryAfterS: 1 });
      taken += 1;
      let inside = true;
      return () => {
        if (inside) taken -= 1;
        inside = false;
      };
    },
  };
}
