/**
 * The write API: HTTP in front of a store. Fastify carries the requests; what they may cost is set in
 * `limits.ts`, what they say is checked in `ingest.ts`, and every answer, whatever went wrong, carries
 * the identity header and is JSON. Bad input is a 4xx with a problem, a store that cannot work now is
 * a 503 with Retry-After, and a 5xx for anything else is a bug.
 *
 * The server does not own the store: whoever opened it closes it, after `close` has resolved.
 */

import fastify, { type FastifyInstance } from 'fastify';
import { codeOf, GatewayError, messageOf } from '../../base/errors.ts';
import type { World } from '../flow-event.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../reading.ts';
import { countOf } from '../seq-ranges.ts';
import { isOurHost } from './host-check.ts';
import { CONNECTIONS_CHECK_MS, WRITE_API_LIMITS, type WriteApiLimits } from './limits.ts';
import { ApiProblem } from './problem.ts';
import { createProblemAnswers } from './problem-answers.ts';
import { answerExpectations, answerRaw, parserProblem } from './raw-answer.ts';
import type { ReadingsStore } from './readings-store.ts';
import { ROUTES } from './routes/index.ts';
import type { Api, Route } from './routes/route.ts';

export interface WriteApiOptions {
  readonly store: ReadingsStore;
  readonly world: World;
  /** The program's version, told in every answer. */
  readonly version: string;
  /** The gateway of readings that name none. */
  readonly defaultGateway?: string;
  readonly limits?: Partial<WriteApiLimits>;
}

interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface WriteApi {
  /** For tests that need no socket. */
  readonly app: FastifyInstance;

  /** Resolves when requests are taken, with the port in use. Throws `SGW_PORT_IN_USE` or `SGW_CONFIG_INVALID`. */
  listen(address: ListenAddress): Promise<{ host: string; port: number; url: string }>;

  /** Takes no new connections, lets requests in flight end within `closeGraceMs`, then cuts what is left. */
  close(): Promise<void>;
}

export function createWriteApi(options: WriteApiOptions): WriteApi {
  const { store, version } = options;
  const { clock, observe } = options.world;
  const limits: WriteApiLimits = { ...WRITE_API_LIMITS, ...options.limits };
  const identity = apiIdentity(version);
  const startedMono = clock.monotonicMs();
  const problems = createProblemAnswers(observe);

  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxRequestsPerSocket: limits.requestsPerSocketMax,
    // While closing, what still arrives is answered truthfully; the store is closed after us.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 64, ignoreTrailingSlash: true },
    http: {
      headersTimeout: limits.headersTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      // Node would answer a missing Host itself, without our identity; the host check below does it.
      requireHostHeader: false,
    },
    clientErrorHandler(error, socket) {
      const code = parserProblem(error);
      if (socket.writable) problems.report('-', '-', code, messageOf(error));
      answerRaw(socket, code, messageOf(error), identity);
    },
    frameworkErrors(error, request, reply) {
      reply.header(API_IDENTITY_HEADER, identity);
      void problems.answer(request, reply, 'url_invalid', error.message);
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  answerExpectations(app.server, identity);

  const api: Api = {
    store,
    version,
    uptimeMs: () => clock.monotonicMs() - startedMono,
    ingestContext: () => ({
      nowAt: clock.wallMs(),
      limits,
      ownStream: store.ownStream,
      defaultGateway: options.defaultGateway ?? DEFAULT_GATEWAY,
    }),
    async ingest(batches) {
      const fromMono = clock.monotonicMs();
      const answers = await store.ingest(batches);
      const durationMs = clock.monotonicMs() - fromMono;
      for (const [index, { stream, stored, duplicate, refused: refusals }] of answers.entries()) {
        observe({
          type: 'batch.ingested',
          gateway: batches[index]?.gateway ?? '-',
          stream,
          stored: countOf(stored),
          duplicate: countOf(duplicate),
          refused: refusals.length,
          durationMs,
        });
      }
      return answers;
    },
  };

  app.addHook('onRequest', async (request, reply) => {
    reply.header(API_IDENTITY_HEADER, identity);
    if (!isOurHost(request.headers.host)) {
      throw new ApiProblem('host_unknown', `the Host header is ${request.headers.host ?? 'missing'}`);
    }
  });
  app.setErrorHandler((error, request, reply) => problems.answerError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    problems.answer(request, reply, 'not_found', `${request.method} ${request.url}`),
  );
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  for (const route of ROUTES) addRoute(app, api, route);

  return {
    app,
    async listen({ host, port }) {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port);
      }
      const bound = app.server.address();
      const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
      const shown = host.includes(':') ? `[${host}]` : host;
      return { host, port: boundPort, url: `http://${shown}:${boundPort}` };
    },
    async close() {
      const closed = new AbortController();
      const cut = clock
        .sleep('write-api.close', limits.closeGraceMs, closed.signal)
        .then(() => app.server.closeAllConnections());
      await app.close();
      closed.abort();
      await cut;
    },
  };
}

const DEFAULT_GATEWAY = 'gateway';

/** All methods that somebody might try on a path; others are answered as not found. */
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

function addRoute(app: FastifyInstance, api: Api, route: Route): void {
  app.route<{ Params: Record<string, string>; Querystring: Record<string, unknown> }>({
    method: route.method,
    url: route.url,
    handler: async (request, reply) => {
      const { body, params, query } = request;
      const answer = await route.handle({ body, params, query }, api);
      return reply
        .code(route.statusOf?.(answer) ?? 200)
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(answer));
    },
  });
  const allowed = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
  app.route({
    method: METHODS.filter((method) => !allowed.includes(method)),
    url: route.url,
    // Before the body is read: its type and size do not matter any more.
    onRequest: async (request, reply) => {
      reply.header('allow', allowed.join(', ')).header('connection', 'close');
      throw new ApiProblem('method_not_allowed', `${request.method} on ${route.url}`);
    },
    handler: async () => ({}),
  });
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') {
    return new GatewayError('SGW_PORT_IN_USE', `${host}:${port} is in use by another program`, {
      hint: `Is a write API already running (systemctl status sensor-api-write)? \`ss -ltnp 'sport = :${port}'\` names the holder.`,
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
    return new GatewayError('SGW_CONFIG_INVALID', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      hint: 'The host must be an address of this machine, and a port below 1024 needs a right of its own.',
      cause: error,
    });
  }
  return error;
}
