/**
 * How `sensorctl` asks a running program to do something: one JSON object a line on a unix socket in the
 * runtime directory, answered by one line. Whoever may open the socket may ask (owner and group, 0660).
 * What is only looked at is read from the files instead, which also works when nothing runs.
 */

import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { codeOf, GatewayError, messageOf } from '../base/errors.ts';

/** A request, for one of the names that the program offers. */
export interface ControlRequest extends Readonly<Record<string, unknown>> {
  readonly command: string;
}

/** Returns what is to be answered; throws what is to be answered as an error. */
export type ControlCommand = (request: ControlRequest) => unknown;

export interface ControlSocket {
  /** Throws what the system throws: the caller decides whether to do without. */
  listen(): Promise<void>;
  /**
   * Listens anew if the socket does not stand at its path any more, because somebody has cleared the directory;
   * says whether it had to. Throws what `listen` throws.
   */
  mend(): Promise<boolean>;
  close(): Promise<void>;
}

/** A command and a sentence. */
const REQUEST_BYTES_MAX = 4_096;
/** One person types; the rest is room for scripts. */
const CONNECTIONS_MAX = 8;
/** Nobody types on this socket: a request that has not come by then will not come. */
const IDLE_MS = 5_000;
const SOCKET_MODE = 0o660;

export function createControlSocket(
  path: string,
  commands: Readonly<Record<string, ControlCommand>>,
): ControlSocket {
  const open = new Set<Socket>();
  let server: Server | undefined;
  /** Which file is ours: under its name there may be another one by now. */
  let place: string | undefined;
  let isClosed = false;

  function answer(socket: Socket): void {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end >= 0) socket.end(`${JSON.stringify(answerTo(text.slice(0, end), commands))}\n`);
      else if (text.length > REQUEST_BYTES_MAX) socket.destroy();
    });
  }

  async function listen(): Promise<void> {
    // Only itself: above it may be the data directory, which is not ours to make.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o755 });
    // Left behind by a run that was killed. Nobody else can be listening: we hold the instance lock.
    rmSync(path, { force: true });
    const fresh = createServer(answer);
    fresh.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      fresh.once('error', reject);
      fresh.listen(path, resolve);
    });
    server = fresh;
    chmodSync(path, SOCKET_MODE);
    place = placeOf(path);
  }

  return {
    listen,
    async mend() {
      if (isClosed || (place !== undefined && placeOf(path) === place)) return false;
      // Nobody can reach it any more. It takes whatever stands under its name away with it, so it goes first.
      server?.close();
      await listen();
      return true;
    },
    close: () => {
      isClosed = true;
      return new Promise((resolve) => {
        if (server === undefined) resolve();
        else server.close(() => resolve());
        for (const socket of open) socket.destroy();
      });
    },
  };
}

/** Which file stands under a name; `undefined` if there is none. */
function placeOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
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
