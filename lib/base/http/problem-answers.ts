/** Turns whatever a request has failed with into a problem, and reports it once: never its body. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { codeOf, messageOf } from '../errors.ts';
import {
  type FieldError,
  HttpProblem,
  type HttpProblemCode,
  PROBLEM_TYPE,
  type ProblemTable,
  problemOf,
} from './problem.ts';

type Request = Pick<FastifyRequest, 'method' | 'url'>;

/** What became of a request that was not answered with a success. */
export interface RefusedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface ProblemAnswersOptions {
  /** Every code that may be answered with. */
  readonly table: ProblemTable;
  readonly onRefused: (refused: RefusedRequest) => void;
  /** Errors of the parts below that have a code in the table; `undefined` for everything else. */
  readonly problemOfError?: ((error: unknown) => HttpProblem | undefined) | undefined;
}

export interface ProblemAnswers {
  /** Tells `onRefused`, where there is no request to answer. */
  report(method: string, path: string, code: string, message: string): void;

  answer(
    request: Request,
    reply: FastifyReply,
    code: string,
    detail: string,
    errors?: readonly FieldError[],
  ): FastifyReply;

  /** The same for anything thrown on the way to an answer. */
  answerError(error: unknown, request: Request, reply: FastifyReply): FastifyReply;
}

/** In an event, and so in a log line. */
const PATH_SHOWN_MAX = 120;
/** The stack of a bug is worth more of the log than a sender's mistake. */
const STACK_SHOWN_MAX = 2_000;

export function createProblemAnswers(options: ProblemAnswersOptions): ProblemAnswers {
  const { table } = options;

  function report(method: string, path: string, code: string, message: string): void {
    const { status, detail } = problemOf(table, code, message);
    options.onRefused({
      method,
      path: path.slice(0, PATH_SHOWN_MAX),
      status,
      code,
      message: code === 'internal' ? message.slice(0, STACK_SHOWN_MAX) : detail,
    });
  }

  function send(reply: FastifyReply, code: string, detail: string, errors: readonly FieldError[] = []) {
    const problem = problemOf(table, code, detail, errors);
    return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  }

  function answer(
    { method, url }: Request,
    reply: FastifyReply,
    code: string,
    detail: string,
    errors: readonly FieldError[] = [],
  ): FastifyReply {
    report(method, url, code, detail);
    return send(reply, code, detail, errors);
  }

  return {
    report,
    answer,
    answerError(error, request, reply) {
      const known = error instanceof HttpProblem ? error : options.problemOfError?.(error);
      if (known !== undefined) {
        if (known.retryAfterS !== undefined) reply.header('retry-after', known.retryAfterS);
        return answer(request, reply, known.code, known.message, known.errors);
      }
      const code = bodyProblem(error);
      if (code !== undefined) {
        // A 415 comes before the body is read, and a 413 in the middle of it: the rest must not be
        // taken for the next request.
        return answer(request, reply.header('connection', 'close'), code, messageOf(error));
      }
      const stack = error instanceof Error ? error.stack : undefined;
      report(request.method, request.url, 'internal', stack ?? messageOf(error));
      return send(reply, 'internal', 'see the log of the program');
    },
  };
}

/** Which problem an error of Fastify's body parsing is; `undefined` for everything else. */
function bodyProblem(error: unknown): HttpProblemCode | undefined {
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return 'body_too_large';
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'type_not_supported';
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return 'body_empty';
    default:
      // The JSON parser's own errors have no code, but the status that they ask for.
      return statusOf(error) === 400 ? 'body_not_json' : undefined;
  }
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}
