/**
 * Answers that are not a success, in the one form of RFC 9457 (application/problem+json): what a table of
 * codes is made of, and the codes that any HTTP server of ours may answer with. 400, 413 and 422 are kept
 * for what is wrong with the *content* of a body, because a reader takes them for a verdict on its readings;
 * a wrong path, host, method or type is any other 4xx.
 */

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
}

/** Code -> what it is. Codes are stable: programs and documentation refer to them. */
export type ProblemTable = Readonly<Record<string, ProblemKind>>;

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface Problem extends ProblemKind {
  readonly type: string;
  readonly detail: string;
  readonly code: string;
  /** Where in the request, at most 20 of them. */
  readonly errors?: readonly FieldError[];
}

export const HTTP_PROBLEMS = {
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
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    hint: 'Send fewer readings in a request.',
  },
  url_invalid: { status: 404, title: 'The URL cannot be read', hint: 'Check its percent-encoding.' },
  not_found: {
    status: 404,
    title: 'There is nothing at this path',
    hint: 'Compare it with the list of paths in the documentation.',
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
  internal: {
    status: 500,
    title: 'A bug of ours',
    hint: 'Please report it with the log of the program.',
  },
} as const satisfies ProblemTable;
export type HttpProblemCode = keyof typeof HTTP_PROBLEMS;

/** A body with a thousand faults has one cause; twenty show it. */
const ERRORS_MAX = 20;
/** Longer texts quote the sender's own nonsense. */
const TEXT_MAX = 200;

/** Thrown on the way to an answer, and answered by the server's one error handler; the code is one of its table. */
export class HttpProblem extends Error {
  readonly code: string;
  readonly errors: readonly FieldError[];
  /** How long to wait before the same can be asked again. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: string,
    detail: string,
    more: { readonly errors?: readonly FieldError[]; readonly retryAfterS?: number } = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterS = more.retryAfterS;
  }
}

/** The body of an answer. A code that the table does not have is a bug, and told as one. */
export function problemOf(
  table: ProblemTable,
  code: string,
  detail: string,
  errors: readonly FieldError[] = [],
): Problem {
  const { status, title, hint } = table[code] ?? HTTP_PROBLEMS.internal;
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

function shortened({ path, message }: FieldError): FieldError {
  return { path: short(path), message: short(message) };
}

function short(text: string): string {
  // What a sender wrote may be shown on a terminal: no control characters in it.
  const plain = text.replace(/\p{Cc}/gu, '?');
  return plain.length > TEXT_MAX ? `${plain.slice(0, TEXT_MAX)}…` : plain;
}
