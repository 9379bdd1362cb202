/**
 * Answers to what never became a request: bytes that are not HTTP, headers without end, a body that does
 * not arrive. Node hands over the bare socket then; the answer is written by hand so that it carries
 * the identity header and a problem like every other.
 */

import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf } from '../errors.ts';
import { type HttpProblemCode, PROBLEM_TYPE, type ProblemTable, problemOf } from './problem.ts';

/** How every answer of a server says whose it is. */
export interface IdentityHeader {
  readonly name: string;
  readonly value: string;
}

export interface RawAnswerOptions {
  readonly table: ProblemTable;
  readonly identity: IdentityHeader;
}

/** Which problem an error of Node's HTTP parser is. */
export function parserProblem(error: unknown): HttpProblemCode {
  switch (codeOf(error)) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    default:
      return 'request_malformed';
  }
}

/** Writes a whole HTTP answer to a socket and closes it. Harmless on a socket that is gone. */
export function answerRaw(
  socket: Socket,
  code: HttpProblemCode,
  detail: string,
  { table, identity }: RawAnswerOptions,
): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const problem = problemOf(table, code, detail);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `${identity.name}: ${identity.value}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // `end` waits for the other side, which may be exactly what never comes.
  socket.destroySoon();
}

/** Answers an `Expect:` that is not 100-continue, which Node would answer itself without our identity. */
export function answerExpectations(server: Server, { table, identity }: RawAnswerOptions): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const detail = 'the Expect header is not 100-continue';
    const problem = problemOf(table, 'expectation_unknown', detail);
    response.writeHead(problem.status, {
      [identity.name]: identity.value,
      'content-type': PROBLEM_TYPE,
      connection: 'close',
    });
    response.end(JSON.stringify(problem));
  });
}
