/**
 * The tokens that are good now. The file is looked at with every request, which costs microseconds, and read again
 * when it is another one: a token that has been revoked is refused from the next request on. When it cannot be
 * read nobody is let in, whatever was in it before.
 */

import { timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { HttpProblem } from '../../base/http/problem.ts';
import { hashOf, readTokens, type TokenRecord } from './token-file.ts';

export interface TokenBook {
  /** Whose token it is; `undefined`: nobody's. Throws `tokens_unreadable`. */
  gatewayOf(token: string): string | undefined;
}

interface Known {
  readonly gateway: string;
  readonly hash: Buffer;
}

/** A person has to mend it. */
const RETRY_AFTER_S = 30;

export function createTokenBook(file: string): TokenBook {
  let place = '';
  let known: readonly Known[] = [];

  function refresh(): void {
    const now = placeOf(file);
    if (now === place) return;
    known = readTokens(file).map(bytesOf);
    place = now;
  }

  return {
    gatewayOf(token) {
      try {
        refresh();
      } catch (error) {
        place = '';
        throw new HttpProblem('tokens_unreadable', messageOf(error), { retryAfterS: RETRY_AFTER_S });
      }
      const hash = hashOf(token);
      let gateway: string | undefined;
      // All of them, always: how long it takes says nothing about which of them is close.
      for (const one of known) if (timingSafeEqual(one.hash, hash)) gateway = one.gateway;
      return gateway;
    },
  };
}

const bytesOf = ({ gateway, hash }: TokenRecord): Known => ({ gateway, hash: Buffer.from(hash, 'hex') });

/** Which file it is, and in which state; a new one is a new inode. */
function placeOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? 'none' : `${found.dev}:${found.ino}:${found.mtimeNs}:${found.size}`;
}
