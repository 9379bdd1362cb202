/**
 * The write API: HTTP in front of a store. Fastify carries the requests; what they may cost is set in
 * `limits.ts`, what they say is checked in `ingest.ts`, and every answer, whatever went wrong, carries
 * the identity header and is JSON. Bad input is a 4xx with a problem, a store that cannot work now is
 * a 503 with Retry-After, and a 5xx for anything else is a bug.
 *
 * The server does not own the store: whoever opened it closes it, after `close` has resolved.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  createHttpServer,
  type HttpServer,
  refuseOtherMethods,
  type TlsIdentity,
} from '../../base/http/http-server.ts';
import { isTextPage } from '../../base/http/text-page.ts';
import type { World } from '../flow-event.ts';
import { API_IDENTITY_HEADER, apiIdentity } from '../reading.ts';
import { countOf } from '../seq-ranges.ts';
import { type Access, createAccess, type Guard, type Sender } from './access.ts';
import { type Admission, createAdmission } from './admission.ts';
import { ACCEPTED_ENCODINGS } from './compression.ts';
import type { GatewayWatch } from './gateway-watch.ts';
import { WRITE_API_LIMITS, type WriteApiLimits } from './limits.ts';
import { PROBLEMS, problemOfFault } from './problem.ts';
import type { ReadingsStore } from './readings-store.ts';
import { isShort, readBody } from './request-body.ts';
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
  /** Where others can reach it: what is asked of them. */
  readonly guard?: Guard | undefined;
  readonly tls?: TlsIdentity | undefined;
  /** The numbers of the program, in the text format of Prometheus; left out: there are none to be asked for. */
  readonly metrics?: () => Promise<string>;
  /** Told of each batch of a reader that has been stored. */
  readonly gateways?: Pick<GatewayWatch, 'note'>;
  /** Names of the program's loops that have not moved when they had promised to. */
  readonly overdue?: () => readonly string[];
}

export function createWriteApi(options: WriteApiOptions): HttpServer {
  const { store, version } = options;
  const { clock, observe } = options.world;
  const limits: WriteApiLimits = { ...WRITE_API_LIMITS, ...options.limits };
  const startedMono = clock.monotonicMs();
  const server: HttpServer = createHttpServer({
    clock,
    program: 'sensor-api-write',
    identity: { name: API_IDENTITY_HEADER, value: apiIdentity(version) },
    limits,
    table: PROBLEMS,
    tls: options.tls,
    acceptsHost: (request) => access.acceptsHost(request),
    problemOfError: problemOfFault,
    onRefused: (refused) => observe({ type: 'request.refused', ...refused }),
  });

  const access = createAccess({ guard: options.guard, isFromSocket: server.isFromSocket });

  const api: Api = {
    store,
    version,
    uptimeMs: () => clock.monotonicMs() - startedMono,
    metrics: options.metrics,
    overdue: options.overdue ?? (() => []),
    ingestContext: (sender) => ({
      nowAt: clock.wallMs(),
      limits,
      ownStream: store.ownStream,
      defaultGateway: sender.gateway ?? options.defaultGateway ?? DEFAULT_GATEWAY,
    }),
    noteDelivery: (batch, { from }) => options.gateways?.note(batch, from),
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

  // The body is left to us: who may send one is known before it is read.
  server.app.removeAllContentTypeParsers();
  server.app.addContentTypeParser('application/json', (_request, _payload, done) => done(null, undefined));
  const front: Front = {
    api,
    limits,
    admission: createAdmission(limits, options.world.random),
    access,
  };
  for (const route of ROUTES) addRoute(server.app, route, front);
  return server;
}

const DEFAULT_GATEWAY = 'gateway';

/** What a route is served with. */
interface Front {
  readonly api: Api;
  readonly admission: Admission;
  readonly limits: Pick<WriteApiLimits, 'bodyBytesMax'>;
  readonly access: Access;
}

function addRoute(app: FastifyInstance, route: Route, front: Front): void {
  const parseJson = jsonParser(app);

  async function handle(request: Request): Promise<object> {
    const { params, query, raw } = request;
    const sender = route.isPublic ? NOBODY : front.access.admit(raw);
    if (route.method === 'GET') return route.handle({ body: undefined, params, query, sender }, front.api);
    const seat = front.admission.enter(sender.isLocalReader);
    try {
      const text = await readBody(raw, seat, front.limits.bodyBytesMax);
      const body = await parseJson(request, text);
      seat.wait();
      return await route.handle({ body, params, query, sender }, front.api);
    } finally {
      seat.leave();
    }
  }

  app.route<RouteTypes>({
    method: route.method,
    url: route.url,
    handler: async (request, reply) => {
      reply.header('accept-encoding', ACCEPTED_ENCODINGS);
      const answer = await handle(request).catch((error: unknown) => {
        // What is still to come must not be taken for the next request, nor be read to its end if it has none.
        if (!request.raw.complete && !isShort(request.raw, front.limits.bodyBytesMax))
          reply.header('connection', 'close');
        throw error;
      });
      reply.header('cache-control', 'no-store');
      if (isTextPage(answer)) return reply.code(answer.status).type(answer.type).send(answer.text);
      return reply
        .code(route.statusOf?.(answer) ?? 200)
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(answer));
    },
  });
  refuseOtherMethods(app, route.method, route.url);
}

/** Who asks what everybody may know. */
const NOBODY: Sender = { gateway: undefined, isLocalReader: false, from: 'anywhere' };

interface RouteTypes {
  Params: Record<string, string>;
  Querystring: Record<string, unknown>;
}
type Request = FastifyRequest<RouteTypes>;

/** Fastify's own, which refuses the names by which prototypes are poisoned. */
function jsonParser(app: FastifyInstance): (request: Request, text: string) => Promise<unknown> {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request, text) =>
    new Promise((resolve, reject) => {
      void parse(request, text, (error, body) => (error === null ? resolve(body) : reject(error)));
    });
}
