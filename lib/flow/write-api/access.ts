/**
 * Who may ask. This machine may, through its loopback address or the socket in the runtime directory, whose mode is
 * its guard. Everybody else shows a token, and a token speaks for one gateway. Requests made by web pages are refused
 * from wherever they come: nothing of ours is a page, and a browser carries what its user never meant to send.
 */

import type { IncomingMessage } from 'node:http';
import { isOurHost } from '../../base/http/host-check.ts';
import { HttpProblem } from '../../base/http/problem.ts';
import type { GuessWatch } from './guess-watch.ts';
import type { RateLimit } from './rate-limit.ts';
import type { TokenBook } from './token-book.ts';

/** Who has been let in. */
export interface Sender {
  /** The only gateway that it may speak for; `undefined`: any, as this machine may. */
  readonly gateway: string | undefined;
  /** The reader of this machine, which has places of its own. */
  readonly isLocalReader: boolean;
  /** Its address; `this machine` through the socket. */
  readonly from: string;
}

export interface Access {
  /** Whether a request may name the host that it names. */
  acceptsHost(request: IncomingMessage): boolean;
  /** Throws `origin_refused`, `token_missing`, `token_unknown`, `guesses_limited`, `tokens_unreadable` or `rate_limited`. */
  admit(request: IncomingMessage): Sender;
}

/** What is asked of those who come through the port, where others can reach it. */
export interface Guard {
  readonly tokens: TokenBook;
  readonly guesses: GuessWatch;
  readonly rate: RateLimit;
}

export interface AccessOptions {
  /** `undefined`: nobody but this machine can reach the port. */
  readonly guard: Guard | undefined;
  /** Whether a request came through the socket in the runtime directory. */
  readonly isFromSocket: (request: IncomingMessage) => boolean;
}

export function createAccess({ guard, isFromSocket }: AccessOptions): Access {
  const isOpen = (request: IncomingMessage) => guard === undefined || isFromSocket(request);

  function gatewayOf({ tokens, guesses, rate }: Guard, { headers }: IncomingMessage, from: string): string {
    const token = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new HttpProblem('token_missing', 'there is no Authorization: Bearer TOKEN');
    const waitS = guesses.waitS(from, token);
    if (waitS !== undefined)
      throw new HttpProblem('guesses_limited', `too many wrong tokens from ${from}`, { retryAfterS: waitS });
    const gateway = tokens.gatewayOf(token);
    if (gateway === undefined) {
      guesses.wrong(from, token);
      throw new HttpProblem(
        'token_unknown',
        `the token is not one of ours, or no more; it came from ${from}`,
      );
    }
    guesses.right(from, token);
    const retryAfterS = rate.take(gateway);
    if (retryAfterS === undefined) return gateway;
    throw new HttpProblem('rate_limited', `too many requests of ${gateway}`, { retryAfterS });
  }

  return {
    // Where a token is asked for, a name that a stranger has pointed at us opens nothing.
    acceptsHost: (request) => guard !== undefined || isOurHost(request.headers.host),
    admit(request) {
      const { headers } = request;
      const page = headers.origin ?? crossSite(headers['sec-fetch-site']);
      if (page !== undefined)
        throw new HttpProblem('origin_refused', `the request was made by a page: ${page}`);
      const from = isFromSocket(request) ? 'this machine' : (request.socket.remoteAddress ?? 'somewhere');
      if (guard !== undefined && !isOpen(request))
        return { gateway: gatewayOf(guard, request, from), isLocalReader: false, from };
      return { gateway: undefined, isLocalReader: isOurReader(request), from };
    },
  };
}

/** Somebody on this machine could say so, too, and has simpler ways to do harm. */
function isOurReader({ headers }: IncomingMessage): boolean {
  return headers['user-agent']?.startsWith('sensor-gateway/') === true;
}

/** What a browser says of a page that asks without an Origin; typed addresses are nobody's page. */
function crossSite(site: string | string[] | undefined): string | undefined {
  return site === undefined || site === 'none' ? undefined : `Sec-Fetch-Site: ${String(site)}`;
}

/** Throws `gateway_refused` if `sender` may not speak for one of these gateways. */
export function refuseOtherGateways({ gateway }: Sender, named: Iterable<string>): void {
  if (gateway === undefined) return;
  for (const one of named) {
    if (one === gateway) continue;
    throw new HttpProblem('gateway_refused', `the token is for ${gateway}, and these are readings of ${one}`);
  }
}
