/**
 * A server at a name in the file system: for the owner and the group of the program, and for nobody else. What a
 * killed run has left under the name is taken away, and a name that somebody has cleared away is made anew.
 */

import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';

export interface UnixListener {
  /** Throws what the system throws: the caller decides whether to do without. */
  listen(): Promise<void>;
  /**
   * Listens anew if the socket does not stand at its path any more, because somebody has cleared the directory;
   * says whether it had to. Throws what `listen` throws.
   */
  mend(): Promise<boolean>;
  /** Resolves when the last connection is gone, which is up to the server's owner. */
  close(): Promise<void>;
}

/** Whoever may open it may speak: its mode is the only guard. */
const SOCKET_MODE = 0o660;

/** `createServer` is asked for a fresh server each time that it has to listen. Only for who holds an instance lock. */
export function createUnixListener(path: string, createServer: () => Server): UnixListener {
  let server: Server | undefined;
  /** Which file is ours: under its name there may be another one by now. */
  let place: string | undefined;
  let isClosed = false;

  async function listen(): Promise<void> {
    // Only itself: above it may be the data directory, which is not ours to make.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o755 });
    // Left behind by a run that was killed. Nobody else can be listening: we hold the instance lock.
    rmSync(path, { force: true });
    const fresh = createServer();
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
      });
    },
  };
}

/** Which file stands under a name; `undefined` if there is none. */
function placeOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
