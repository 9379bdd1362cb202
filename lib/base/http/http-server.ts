/**
 * An HTTP server as all of ours are: every limit set and none left to a default of Node's, every answer with
 * the identity header, every failure a problem that is reported once. What is asked of it, and what it
 * answers, are its owner's: routes are added to `app`.
 */

import {
  createServer as createPlainServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import { codeOf, GatewayError, messageOf } from '../errors.ts';
import { createUnixListener, type UnixListener } from '../unix-listener.ts';
import { isOurHost } from './host-check.ts';
import { HttpProblem, type ProblemTable } from './problem.ts';
import { createProblemAnswers, type ProblemAnswersOptions } from './problem-answers.ts';
import { answerExpectations, answerRaw, type IdentityHeader, parserProblem } from './raw-answer.ts';

export interface HttpLimits {
  readonly bodyBytesMax: number;
  /** All headers of a request. */
  readonly headerBytesMax: number;
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly requestsPerSocketMax: number;
  readonly connectionsMax: number;
  /** How long `close` waits for requests in flight; below the time that a program has for its stop. */
  readonly closeGraceMs: number;
}

export interface HttpServerOptions extends Pick<ProblemAnswersOptions, 'onRefused' | 'problemOfError'> {
  readonly clock: Clock;
  /** The program, for messages and for the name of the wait at its end. */
  readonly program: string;
  readonly identity: IdentityHeader;
  readonly limits: HttpLimits;
  /** Every code that may be answered with: those of `HTTP_PROBLEMS`, in words of its own or not, and others. */
  readonly table: ProblemTable;
  /** Then its port speaks TLS and nothing else. */
  readonly tls?: TlsIdentity | undefined;
  /** Whether a request may name the host that it names; `isOurHost` if left out. */
  readonly acceptsHost?: ((request: IncomingMessage) => boolean) | undefined;
}

/** In PEM form. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface HttpServer {
  /** For routes, and for tests that need no socket. */
  readonly app: FastifyInstance;

  /** Resolves when requests are taken, with the port in use. Throws `SGW_PORT_IN_USE` or `SGW_CONFIG_INVALID`. */
  listen(address: ListenAddress): Promise<{ host: string; port: number; url: string }>;

  /** The same server at a name in the file system, without TLS. Part of `close`. */
  socketAt(path: string): UnixListener;

  /** Whether a request has come through such a name. */
  isFromSocket(request: IncomingMessage): boolean;

  /** Takes no new connections, lets requests in flight end within `closeGraceMs`, then cuts what is left. */
  close(): Promise<void>;
}

/** How often Node looks for connections that have used up their time. */
const CONNECTIONS_CHECK_MS = 1_000;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { clock, program, identity, limits, table } = options;
  const problems = createProblemAnswers(options);
  const raw = { table, identity };
  const acceptsHost = options.acceptsHost ?? (({ headers }) => isOurHost(headers.host));
  const fromSockets = new WeakSet<Socket>();
  const socketServers = new Set<Server>();
  const socketListeners: UnixListener[] = [];

  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    // While closing, what still arrives is answered truthfully; what answers it is closed after us.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 64, ignoreTrailingSlash: true },
    serverFactory: (handler: RequestListener) => hardened(handler, options.tls),
    clientErrorHandler: onClientError,
    frameworkErrors(error, request, reply) {
      reply.header(identity.name, identity.value);
      void problems.answer(request, reply, 'url_invalid', error.message);
    },
  });

  function hardened(handler: RequestListener, tls: TlsIdentity | undefined): Server {
    const nodeOptions = {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      // Node would answer a missing Host itself, without our identity; the host check below does it.
      requireHostHeader: false,
    };
    const server =
      tls === undefined
        ? createPlainServer(nodeOptions, handler)
        : createTlsServer(
            { ...nodeOptions, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: limits.headersTimeoutMs },
            handler,
          );
    server.maxRequestsPerSocket = limits.requestsPerSocketMax;
    server.maxConnections = limits.connectionsMax;
    answerExpectations(server, raw);
    return server;
  }

  function onClientError(error: Error, socket: Socket): void {
    const code = parserProblem(error);
    if (socket.writable) problems.report('-', '-', code, messageOf(error));
    answerRaw(socket, code, messageOf(error), raw);
  }

  app.addHook('onRequest', async (request, reply) => {
    reply.header(identity.name, identity.value);
    // There is no other protocol here, and behind such a request Node's parser is not to be relied on: it has left
    // broken ones unanswered until their time was over.
    if (request.headers.upgrade !== undefined) reply.header('connection', 'close');
    if (!acceptsHost(request.raw)) {
      throw new HttpProblem('host_unknown', `the Host header is ${request.headers.host ?? 'missing'}`);
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

  return {
    app,
    async listen({ host, port }) {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port, program);
      }
      const bound = app.server.address();
      const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
      const shown = host.includes(':') ? `[${host}]` : host;
      const scheme = options.tls === undefined ? 'http' : 'https';
      return { host, port: boundPort, url: `${scheme}://${shown}:${boundPort}` };
    },
    socketAt(path) {
      const listener = createUnixListener(path, () => {
        const server = hardened((request, response) => app.routing(request, response), undefined);
        server.on('clientError', onClientError);
        server.on('connection', (socket: Socket) => fromSockets.add(socket));
        server.once('close', () => socketServers.delete(server));
        socketServers.add(server);
        return server;
      });
      socketListeners.push(listener);
      return {
        ...listener,
        async listen() {
          await app.ready();
          await listener.listen();
        },
      };
    },
    isFromSocket: (request) => fromSockets.has(request.socket),
    async close() {
      const closed = new AbortController();
      const cut = clock.sleep(`${program}.close`, limits.closeGraceMs, closed.signal).then(() => {
        for (const server of [app.server, ...socketServers]) server.closeAllConnections();
      });
      // An HTTP server that closes lets go of its idle connections by itself.
      await Promise.all([...socketListeners.map((listener) => listener.close()), app.close()]);
      closed.abort();
      await cut;
    },
  };
}

/** All methods that somebody might try on a path; others are answered as not found. */
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Answers every other method on a path with what it takes. */
export function refuseOtherMethods(app: FastifyInstance, method: 'GET' | 'POST', url: string): void {
  const allowed = method === 'GET' ? ['GET', 'HEAD'] : [method];
  app.route({
    method: METHODS.filter((other) => !allowed.includes(other)),
    url,
    // Before the body is read: its type and size do not matter any more.
    onRequest: async (request, reply) => {
      reply.header('allow', allowed.join(', ')).header('connection', 'close');
      throw new HttpProblem('method_not_allowed', `${request.method} on ${url}`);
    },
    handler: async () => ({}),
  });
}

function listenError(error: unknown, host: string, port: number, program: string): unknown {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') {
    return new GatewayError('SGW_PORT_IN_USE', `${host}:${port} is in use by another program`, {
      hint: `Is ${program} already running (systemctl status ${program})? \`ss -ltnp 'sport = :${port}'\` names the holder.`,
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
