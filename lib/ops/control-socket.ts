/**
 * How `sensorctl` asks a running program to do something: one JSON object a line on a unix socket in the
 * runtime directory, answered by one line. Whoever may open the socket may ask (owner and group, 0660).
 * What is only looked at is read from the files instead, which also works when nothing runs.
 */

import { connect, createServer, type Socket } from 'node:net';
import { codeOf, GatewayError, messageOf } from '../base/errors.ts';
import { createUnixListener, type UnixListener } from '../base/unix-listener.ts';

/** A request, for one of the names that the program offers. */
export interface ControlRequest extends Readonly<Record<string, unknown>> {
  readonly command: string;
}

/** Returns what is to be answered; throws what is to be answered as an error. */
export type ControlCommand = (request: ControlRequest) => unknown;

export type ControlSocket = UnixListener;

/** A command with a sentence, or with some dozens of ranges. */
const REQUEST_BYTES_MAX = 4_096;
/** One person types; the rest is room for scripts. */
const CONNECTIONS_MAX = 8;
/** Nobody types on this socket: a request that has not come by then will not come. */
const IDLE_MS = 5_000;

export function createControlSocket(
  path: string,
  commands: Readonly<Record<string, ControlCommand>>,
): ControlSocket {
  const open = new Set<Socket>();

  function answer(socket: Socket): void {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    let text = '';
    let isAnswered = false;
    socket.setEncoding('utf8').on('data', (part: string) => {
      // One request a connection: whatever follows it must not have it carried out once more.
      if (isAnswered) return;
      text += part;
      const end = text.indexOf('\n');
      isAnswered = end >= 0;
      if (isAnswered) socket.end(`${JSON.stringify(answerTo(text.slice(0, end), commands))}\n`);
      else if (text.length > REQUEST_BYTES_MAX) socket.destroy();
    });
  }

  const listener = createUnixListener(path, () => {
    const server = createServer(answer);
    server.maxConnections = CONNECTIONS_MAX;
    return server;
  });

  return {
    listen: listener.listen,
    mend: listener.mend,
    close: () => {
      const closed = listener.close();
      for (const socket of open) socket.destroy();
      return closed;
    },
  };
}

function answerTo(line: string, commands: Readonly<Record<string, ControlCommand>>): object {
  try {
    const request: unknown = JSON.parse(line);
    if (!isRequest(request)) throw new TypeError('not a request: {"command": "..."}');
    const command = Object.hasOwn(commands, request.command) ? commands[request.command] : undefined;
    if (command === undefined) throw new TypeError(`unknown command ${request.command}`);
    return { ok: true, answer: command(request) ?? null };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

function isRequest(value: unknown): value is ControlRequest {
  return (
    typeof value === 'object' && value !== null && 'command' in value && typeof value.command === 'string'
  );
}

/**
 * Asks the program behind the socket. Resolves with its answer, or `undefined` if nobody listens there.
 * Throws `SGW_PROGRAM_REFUSED` with the program's words, or if it does not answer in time.
 */
export function askProgram(path: string, request: ControlRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string, cause?: unknown) =>
      reject(new GatewayError('SGW_PROGRAM_REFUSED', message, { hint: 'See sensorctl status.', cause }));
    const socket = connect(path);
    let text = '';
    socket.setTimeout(IDLE_MS, () => {
      refuse(`no answer within ${IDLE_MS / 1_000} s; the program may still do it when it moves again`);
      socket.destroy();
    });
    socket.once('error', (error) => {
      const gone = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error) ?? '');
      if (gone) resolve(undefined);
      else refuse(`cannot ask at ${path}: ${messageOf(error)}`, error);
    });
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.once('end', () => {
      const { ok, answer, message } = parsed(text);
      if (ok === true) resolve(answer);
      else refuse(String(message ?? 'the program hung up without an answer'));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** Whatever else listens there, it has said nothing that we understand. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
