/**
 * A connection to a destination; undici's only home. It asks one thing at a time, reads each answer to its end or to a
 * limit, and can be thrown away and opened anew. How long anything may take is its owner's affair: undici's own
 * timeouts are no deadline, so they are switched off.
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
// Parts, because the whole package also loads cookies, caches, web sockets, and Node's own copy of undici for their
// sake: a tenth of what a start takes to load its modules, and 3 MiB.
import request from 'undici/lib/api/api-request.js';
import Client from 'undici/lib/dispatcher/client.js';
import { codeOf } from '../../base/errors.ts';
import { splitUnixUrl } from '../../base/http/ask.ts';
import type { HttpAnswer } from './delivery-outcome.ts';
import type { Lookup } from './host-lookup.ts';
import { ANSWER_BYTES_MAX, KEEP_ALIVE_MS } from './http-limits.ts';

export interface ConnectionOptions {
  /** `http://127.0.0.1:8470`, or `unix:/run/NAME.sock`; a path, if any, comes before `/api/v1`. */
  readonly url: string;
  /** Compress what is large, for who says that it can read it: worth it where the way is longer than a loopback. */
  readonly compress?: boolean;
  /** Sent as a bearer token. */
  readonly token?: string;
  /** PEM of the authority that signed the other side's certificate, when the system does not know it. */
  readonly ca?: string;
  /** For `User-Agent`: this gateway's version. */
  readonly version?: string;
}

/** One connection, opened when needed, replaced when it can no longer be trusted. */
export interface Connection {
  /** Rejects when no answer came, or `signal` aborted. */
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

/** Errors of a connection that the other side had closed while it lay idle. */
const STALE_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** A body and the headers that say what it is. */
interface Sendable {
  readonly content: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_HEADERS = { 'content-type': 'application/json' };
/** A round is smaller, and fits into one packet as it is. */
const COMPRESSED_BYTES_MIN = 1_400;
const MAY_MEAN_THE_FORM: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const gzipped = promisify<string, Buffer>(gzip);

/** A shorter one would be found in the numbers of an honest answer, and hides nothing. */
const TOKEN_LENGTH_MIN = 8;

/** Opens nothing yet. `lookup` finds the addresses of the host. */
export function createConnection(options: ConnectionOptions, lookup: Lookup): Connection {
  const unix = splitUnixUrl(options.url);
  // The host of a socket is only a word in a header.
  const url = unix === undefined ? new URL(options.url) : new URL(unix.path, 'http://localhost');
  const prefix = url.pathname.replace(/\/+$/, '');
  const headers = {
    accept: 'application/json',
    'user-agent': `sensor-gateway/${options.version ?? '0'}`,
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
  };
  /** Answers read on the connection that is open now. */
  let answersOnConnection = 0;
  /** Whether the latest answer named gzip among what can be read (RFC 7694). */
  let readsGzip = false;
  let client = connect();

  function connect(): Client {
    const created = new Client(url.origin, {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The total deadline is ours; these would only settle first with a less useful reason.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        lookup,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(unix === undefined ? {} : { socketPath: unix.socketPath }),
      },
    });
    created.on('connect', () => {
      answersOnConnection = 0;
    });
    return created;
  }

  /** What somebody answers is logged, shown and kept, and may repeat what it was asked with. */
  function withoutToken(answer: HttpAnswer): HttpAnswer {
    const { token } = options;
    if (token === undefined || token.length < TOKEN_LENGTH_MIN) return answer;
    const clean = (text: string) => text.replaceAll(token, '[our token]');
    const headers = Object.entries(answer.headers).map(([key, value]) => [key, value && clean(value)]);
    return { ...answer, body: clean(answer.body), headers: Object.fromEntries(headers) };
  }

  const stale = (error: unknown) => answersOnConnection > 0 && STALE_CODES.has(codeOf(error) ?? '');

  async function send(
    method: 'GET' | 'POST',
    path: string,
    body: Sendable | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const ask = () =>
      request.call(client, {
        method,
        path: prefix + path,
        headers: { ...headers, ...body?.headers },
        body: body?.content ?? null,
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
    const answer = withoutToken({
      status: response.statusCode,
      headers: flatHeaders(response.headers),
      ...read,
    });
    readsGzip = /(^|,)\s*gzip\s*(,|$)/.test(answer.headers['accept-encoding'] ?? '');
    return answer;
  }

  return {
    async request(method, path, body, signal) {
      if (body === undefined) return send(method, path, undefined, signal);
      const plain = { content: body, headers: JSON_HEADERS };
      if (options.compress !== true || !readsGzip || body.length < COMPRESSED_BYTES_MIN)
        return send(method, path, plain, signal);
      const packed = {
        content: await gzipped(body),
        headers: { ...JSON_HEADERS, 'content-encoding': 'gzip' },
      };
      const answer = await send(method, path, packed, signal);
      // Somebody on the way may not read it after all, and blame the readings: only a verdict on them in plain counts.
      return MAY_MEAN_THE_FORM.has(answer.status) ? send(method, path, plain, signal) : answer;
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
