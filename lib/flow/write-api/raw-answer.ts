/**
 * Answers to what never became a request: bytes that are not HTTP, headers without end, a body that does
 * not arrive. Node hands over the bare socket then; the answer is written by hand so that it carries
 * the identity header and a problem like every other.
 */

import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf } from '../../base/errors.ts';
import { API_IDENTITY_HEADER } from '../reading.ts';
import { PROBLEM_TYPE, PROBLEMS, type ProblemCode, problemAnswer } from './problem.ts';

/** Which problem an error of Node's HTTP parser is. */
export function parserProblem(error: unknown): ProblemCode {
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
export function answerRaw(socket: Socket, code: ProblemCode, detail: string, identity: string): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const { status } = PROBLEMS[code];
  const body = JSON.stringify(problemAnswer(code, detail));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `${API_IDENTITY_HEADER}: ${identity}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // `end` waits for the other side, which may be exactly what never comes.
  socket.destroySoon();
}

/** Answers an `Expect:` that is not 100-continue, which Node would answer itself without our identity. */
export function answerExpectations(server: Server, identity: string): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const problem = problemAnswer('expectation_unknown', 'the Expect header is not 100-continue');
    response.writeHead(problem.status, {
      [API_IDENTITY_HEADER]: identity,
      'content-type': PROBLEM_TYPE,
      connection: 'close',
    });
    response.end(JSON.stringify(problem));
  });
}
