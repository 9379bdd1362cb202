/**
 * Every answer of the write API that is not a success: what any HTTP server of ours may say, in its words, and
 * what only a store can go wrong with.
 */

import { type FieldError, HTTP_PROBLEMS, HttpProblem, type ProblemTable } from '../../base/http/problem.ts';
import { REFUSALS } from '../reading.ts';
import { STORE_FAULTS, StoreFault } from './readings-store.ts';

export const PROBLEMS = {
  ...HTTP_PROBLEMS,
  body_invalid: {
    status: 400,
    title: 'The body does not have the form that is expected here',
    hint: 'Nothing was stored. Mend what `errors` names and send it again.',
  },
  stream_reserved: {
    status: 422,
    title: 'The stream belongs to the store itself',
    hint: 'Leave stream and seq out, or use a random stream of your own and count your readings in it.',
  },
  reading_refused: {
    status: 422,
    title: 'A reading without stream and seq cannot be stored',
    hint: 'Nothing was stored. Mend what `errors` names and send all of it again.',
  },
  too_many_readings: {
    status: 413,
    title: 'Too many entries in one request',
    hint: 'Send fewer readings in a request.',
  },
  not_found: {
    ...HTTP_PROBLEMS.not_found,
    hint: 'There is POST /api/v1/batches, POST /api/v1/readings, GET /api/v1/streams/{stream}, GET /health, /livez, /readyz and /metrics.',
  },
  stream_invalid: {
    status: 404,
    title: 'That cannot be the name of a stream',
    hint: 'A stream has 8 to 64 characters of a-z and 0-9; ?from= is a whole number from 1 on.',
  },
  origin_refused: {
    status: 403,
    title: 'Web pages may not ask here',
    hint: 'Send it from a program. Is a page that you have open trying to reach this machine?',
  },
  token_missing: {
    status: 401,
    title: 'A token is needed',
    hint: 'On the write API: sensorctl token add NAME. Name the file that holds it in token_file of the destination.',
  },
  token_unknown: {
    status: 401,
    title: 'The token is not known',
    hint: 'It may have been revoked. On the write API: sensorctl token list.',
  },
  guesses_limited: {
    status: 429,
    title: 'Too many wrong tokens from this address',
    hint: 'Mend the token, and send it again after the time in Retry-After. On the write API: sensorctl token list.',
  },
  gateway_refused: {
    status: 403,
    title: 'The token belongs to another gateway',
    hint: 'Nothing was stored. Each gateway has a token of its own: sensorctl token add NAME, on the write API.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests with this token',
    hint: 'Send it again after the time in Retry-After. The limit is api.requests_per_second.',
  },
  tokens_unreadable: {
    status: 503,
    title: 'The tokens cannot be read',
    hint: 'On the write API: sensorctl token list says what is wrong.',
  },
  encoding_not_supported: {
    status: 415,
    title: 'The body is compressed in a way that cannot be read',
    hint: 'The Accept-Encoding header of this answer names what can be read; or send it as it is.',
  },
  overloaded: {
    status: 503,
    title: 'More requests than can be taken now',
    hint: 'Send it again after the time in Retry-After. Nothing of it was stored.',
  },
  store_busy: { status: 503, title: 'The store is busy', hint: STORE_FAULTS.store_busy.hint },
  store_full: { status: 503, title: 'The store is full', hint: STORE_FAULTS.store_full.hint },
  store_io: { status: 503, title: 'The store cannot be read or written', hint: STORE_FAULTS.store_io.hint },
  store_corrupt: { status: 503, title: 'The store is damaged', hint: STORE_FAULTS.store_corrupt.hint },
  store_unreachable: {
    status: 503,
    title: 'The database of the store cannot be reached',
    hint: STORE_FAULTS.store_unreachable.hint,
  },
  store_closed: { status: 503, title: 'The store is closed', hint: STORE_FAULTS.store_closed.hint },
  internal: {
    status: 500,
    title: 'A bug of the write API',
    hint: 'Nothing of this request is promised to be stored. Please report it with the log of the write API.',
  },
} as const satisfies ProblemTable;
export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by routes, answered by the server's one error handler. */
export class ApiProblem extends HttpProblem {
  constructor(code: ProblemCode, detail: string, errors: readonly FieldError[] = []) {
    super(code, detail, { errors });
    this.name = 'ApiProblem';
  }
}

/** A store that cannot work now says when to come back. */
export function problemOfFault(error: unknown): HttpProblem | undefined {
  if (!(error instanceof StoreFault)) return undefined;
  return new HttpProblem(error.code, error.message, { retryAfterS: STORE_FAULTS[error.code].retryAfterS });
}

/** Of a refusal of a reading that has no seq to be refused by. */
export function refusalText(code: keyof typeof REFUSALS): string {
  return `${code}: the reading ${REFUSALS[code].meaning}`;
}
