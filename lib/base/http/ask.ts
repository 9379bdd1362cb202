/**
 * One question to an HTTP server, for who looks whether it is there or has something to say now and then: over TCP,
 * TLS, or a socket in the file system, which is written `unix:/run/NAME.sock`. Each question has a connection of its
 * own and reads a bounded answer.
 */

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface HttpAnswered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The beginning of it. */
  readonly body: string;
  /** Wall time at which the certificate ends that was shown; `undefined` without TLS. */
  readonly certificateUntilAt: number | undefined;
}

export interface AskOptions {
  /** PEM of an authority that the system does not know. */
  readonly ca?: string | undefined;
  /** `GET` without one, else `POST`. */
  readonly body?: string | undefined;
  /** Only the head of the answer to a `GET`. */
  readonly headOnly?: boolean;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
}

/** A health answer has a few hundred bytes; a stranger's page is not worth reading to its end. */
const BODY_BYTES_MAX = 65_536;

/** Rejects with what the system says if there is no answer, and when `signal` aborts. */
export function askHttp(
  url: string,
  { ca, body, headers, headOnly, signal }: AskOptions,
): Promise<HttpAnswered> {
  return new Promise((resolve, reject) => {
    const unix = splitUnixUrl(url);
    const options = {
      signal,
      agent: false,
      method: headOnly === true ? 'HEAD' : body === undefined ? 'GET' : 'POST',
      ...(ca === undefined ? {} : { ca }),
      ...(headers === undefined ? {} : { headers }),
    };
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const outgoing = unix === undefined ? request(url, options) : requestHttp({ ...options, ...unix });
    outgoing.once('response', (answer) => {
      let text = '';
      const certificateUntilAt = untilAt(answer.socket);
      answer.setEncoding('utf8').on('data', (part: string) => {
        if (text.length < BODY_BYTES_MAX) text += part;
        else answer.destroy();
      });
      const answered = Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, value?.toString()]),
      );
      const status = answer.statusCode ?? 0;
      answer.once('close', () => resolve({ status, headers: answered, body: text, certificateUntilAt }));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function untilAt(socket: Socket): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const at = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(at) ? undefined : at;
}

/** The two parts of `unix:/run/NAME.sock/health`; `undefined` for an address of any other kind. */
export function splitUnixUrl(url: string): { socketPath: string; path: string } | undefined {
  const match = /^unix:(\/[^\0]*?\.sock)(\/[^\0]*)?$/.exec(url);
  return match?.[1] === undefined ? undefined : { socketPath: match[1], path: match[2] ?? '/' };
}
