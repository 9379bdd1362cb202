/**
 * Every answer that is not a success: one table of codes, one form (application/problem+json, RFC 9457).
 * 400, 413 and 422 are kept for what is wrong with the *content* of a body, because a reader takes them
 * for a verdict on its readings; a wrong path, host, method or type is any other 4xx.
 */

import { type ProblemAnswer, REFUSALS } from '../reading.ts';
import { STORE_FAULTS } from './readings-store.ts';

export const PROBLEM_TYPE = 'application/problem+json';

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
}

/** code -> what it is. Stable: programs and documentation refer to these. */
export const PROBLEMS = {
  body_empty: {
    status: 400,
    title: 'The body is empty',
    hint: 'Send a JSON document; see /api/v1 in the README.',
  },
  body_not_json: {
    status: 400,
    title: 'The body is not JSON',
    hint: 'Check it with `jq . < body.json`; NaN and Infinity are not JSON, and __proto__ is not a name.',
  },
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
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    hint: 'Send fewer readings in a request.',
  },
  too_many_readings: {
    status: 413,
    title: 'Too many entries in one request',
    hint: 'Send fewer readings in a request.',
  },
  url_invalid: { status: 404, title: 'The URL cannot be read', hint: 'Check its percent-encoding.' },
  not_found: {
    status: 404,
    title: 'There is nothing at this path',
    hint: 'There is POST /api/v1/batches, POST /api/v1/readings, GET /api/v1/streams/{stream} and GET /health.',
  },
  stream_invalid: {
    status: 404,
    title: 'That cannot be the name of a stream',
    hint: 'A stream has 8 to 64 characters of a-z and 0-9; ?from= is a whole number from 1 on.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path does not take that method',
    hint: 'The Allow header names the methods that it takes.',
  },
  type_not_supported: {
    status: 415,
    title: 'The body is not declared as JSON',
    hint: 'Send the header Content-Type: application/json.',
  },
  host_unknown: {
    status: 421,
    title: 'The request names a host that we are not',
    hint: 'Use an IP address or localhost.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    hint: 'Send smaller requests, or look at the network in between.',
  },
  request_malformed: {
    status: 400,
    title: 'This is not HTTP/1.1',
    hint: 'Is it TLS on a port without TLS, or a proxy that garbles?',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    hint: 'Send fewer or shorter headers.',
  },
  expectation_unknown: {
    status: 417,
    title: 'The request expects something unknown',
    hint: 'Leave the Expect header out.',
  },
  store_busy: { status: 503, title: 'The store is busy', hint: STORE_FAULTS.store_busy.hint },
  store_full: { status: 503, title: 'The store is full', hint: STORE_FAULTS.store_full.hint },
  store_io: { status: 503, title: 'The store cannot be read or written', hint: STORE_FAULTS.store_io.hint },
  store_corrupt: { status: 503, title: 'The store is damaged', hint: STORE_FAULTS.store_corrupt.hint },
  store_closed: { status: 503, title: 'The store is closed', hint: STORE_FAULTS.store_closed.hint },
  internal: {
    status: 500,
    title: 'A bug of the write API',
    hint: 'Nothing of this request is promised to be stored. Please report it with the log of the write API.',
  },
} as const satisfies Record<string, Kind>;
export type ProblemCode = keyof typeof PROBLEMS;

export type FieldError = NonNullable<ProblemAnswer['errors']>[number];

/** A body with a thousand faults has one cause; twenty show it. */
const ERRORS_MAX = 20;
/** Longer texts quote the sender's own nonsense. */
const TEXT_MAX = 200;

/** Thrown by routes, answered by the server's one error handler. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];

  constructor(code: ProblemCode, detail: string, errors: readonly FieldError[] = []) {
    super(detail);
    this.name = 'ApiProblem';
    this.code = code;
    this.errors = errors;
  }
}

export function problemAnswer(
  code: ProblemCode,
  detail: string,
  errors: readonly FieldError[] = [],
): ProblemAnswer {
  const { status, title, hint } = PROBLEMS[code];
  return {
    type: `urn:sensor-gateway:problem:${code}`,
    title,
    status,
    detail: short(detail),
    code,
    hint,
    ...(errors.length === 0 ? {} : { errors: errors.slice(0, ERRORS_MAX).map(shortened) }),
  };
}

/** Zod's path as people write it: `[3].sensor`, `series[0].unit`. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

/** Of a refusal of a reading that has no seq to be refused by. */
export function refusalText(code: keyof typeof REFUSALS): string {
  return `${code}: the reading ${REFUSALS[code].meaning}`;
}

function shortened({ path, message }: FieldError): FieldError {
  return { path: short(path), message: short(message) };
}

function short(text: string): string {
  // What a sender wrote may be shown on a terminal: no control characters in it.
  const plain = text.replace(/\p{Cc}/gu, '?');
  return plain.length > TEXT_MAX ? `${plain.slice(0, TEXT_MAX)}…` : plain;
}
