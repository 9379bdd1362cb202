/** Turns whatever a request has failed with into a problem, and reports it once: never its body. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Observe } from '../flow-event.ts';
import { ApiProblem, type FieldError, PROBLEM_TYPE, type ProblemCode, problemAnswer } from './problem.ts';
import { STORE_FAULTS, StoreFault } from './readings-store.ts';

type Request = Pick<FastifyRequest, 'method' | 'url'>;

interface ProblemAnswers {
  /** Tells `request.refused`. */
  report(method: string, path: string, code: ProblemCode, message: string): void;

  answer(
    request: Request,
    reply: FastifyReply,
    code: ProblemCode,
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

export function createProblemAnswers(observe: Observe): ProblemAnswers {
  function report(method: string, path: string, code: ProblemCode, message: string): void {
    const { status, detail } = problemAnswer(code, message);
    observe({
      type: 'request.refused',
      method,
      path: path.slice(0, PATH_SHOWN_MAX),
      status,
      code,
      message: code === 'internal' ? message.slice(0, STACK_SHOWN_MAX) : detail,
    });
  }

  function send(reply: FastifyReply, code: ProblemCode, detail: string, errors: readonly FieldError[] = []) {
    const problem = problemAnswer(code, detail, errors);
    return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  }

  function answer(
    { method, url }: Request,
    reply: FastifyReply,
    code: ProblemCode,
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
      if (error instanceof ApiProblem) return answer(request, reply, error.code, error.message, error.errors);
      if (error instanceof StoreFault) {
        reply.header('retry-after', STORE_FAULTS[error.code].retryAfterS);
        return answer(request, reply, error.code, error.message);
      }
      const code = bodyProblem(error);
      if (code !== undefined) {
        // A 415 comes before the body is read, and a 413 in the middle of it: the rest must not be
        // taken for the next request.
        return answer(request, reply.header('connection', 'close'), code, messageOf(error));
      }
      const stack = error instanceof Error ? error.stack : undefined;
      report(request.method, request.url, 'internal', stack ?? messageOf(error));
      return send(reply, 'internal', 'see the log of the write API');
    },
  };
}

/** Which problem an error of Fastify's body parsing is; `undefined` for everything else. */
function bodyProblem(error: unknown): ProblemCode | undefined {
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
