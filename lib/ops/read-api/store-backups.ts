/**
 * Copies of the store for those who ask over HTTP. A copy is made beside the store by a thread of its own
 * (`backup-worker.ts`), in the way of `sensorctl backup create`, and has no name any more when its first byte is
 * sent: however the client takes it, the store is held up by nothing, and whatever ends in the middle, a power cut
 * included, leaves nothing behind that the next start does not remove. There is one at a time.
 */

import { createReadStream, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { StoreFault } from '../../flow/write-api/readings-store.ts';
import type { Copied, CopyTask } from './backup-worker.ts';
import { COPY_HEAP_MIB, COPY_MAX_MS, DOWNLOAD_MAX_MS } from './limits.ts';
import { readProblem } from './problem.ts';
import { errorOf } from './thread-failure.ts';

/** Whole and checked, as an open file without a name. */
export interface StoreCopy {
  readonly bytes: number;
  /** In base64. */
  readonly sha256: string;
  /** Whoever does not read it to its end destroys it. */
  readonly stream: Readable;
}

export interface StoreBackups {
  /**
   * Gives up when `left` aborts. Rejects with `backup_running`, `backup_no_room`, `backup_timeout`, `StoreFault` or
   * `StoreGone`; anything else is a bug.
   */
  make(left: AbortSignal): Promise<StoreCopy>;
  /** A thread has not ended. */
  readonly hangs: boolean;
  /** What is being made is given up, and what is being taken is cut off. */
  close(): Promise<void>;
}

export interface StoreBackupsOptions {
  readonly file: string;
  /** Where copies are made: a directory on a disk with room. */
  readonly dir: string;
  readonly reserveBytes: number;
  /** The compiled `backup-worker`. */
  readonly worker: URL;
  readonly clock: Clock;
  readonly downloadMaxMs?: number;
}

/** A copy in small steps ends at once; only the last attempt of several is one long call of SQLite. */
const END_MAX_MS = 2_000;

export function createStoreBackups(options: StoreBackupsOptions): StoreBackups {
  const { clock } = options;
  const target = join(options.dir, 'store-download.db');
  const closing = new AbortController();
  let isTaken = false;
  const running = new Set<Promise<void>>();
  let open: Readable | undefined;
  discard();

  /** As far as the disk lets go of it: what is left is in the way of the next copy alone, which says so. */
  function discard(): void {
    for (const suffix of ['', '.part', '.part-journal', '.part-wal', '.part-shm']) {
      try {
        rmSync(target + suffix, { force: true });
      } catch {
        // A disk that is read-only by now. The monitor has to start on it, and to say that it is.
      }
    }
  }

  function startThread(): Worker {
    const { file, reserveBytes } = options;
    const worker = new Worker(options.worker, {
      workerData: { file, target, reserveBytes } satisfies CopyTask,
      // Options of the program are not for the thread.
      env: {},
      execArgv: [],
      resourceLimits: {
        maxYoungGenerationSizeMb: COPY_HEAP_MIB.young,
        maxOldGenerationSizeMb: COPY_HEAP_MIB.old,
      },
    });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    running.add(ended);
    void ended.then(() => running.delete(ended));
    return worker;
  }

  /** Resolves when the thread has ended, with what it said; rejects if it said nothing. */
  function copied(stop: AbortSignal): Promise<Copied> {
    return new Promise((resolve, reject) => {
      const worker = startThread();
      let said: Copied | undefined;
      const ended = new AbortController();
      const end = () => {
        worker.postMessage('stop');
        void clock.sleep('backup end', END_MAX_MS, ended.signal).then(() => {
          if (!ended.signal.aborted) void worker.terminate();
        });
      };
      stop.addEventListener('abort', end, { once: true });
      if (stop.aborted) end();
      worker.on('message', (message: Copied) => {
        said = message;
      });
      worker.on('error', (error) =>
        reject(new StoreFault('store_io', `the thread that copies the store: ${messageOf(error)}`, error)),
      );
      worker.once('exit', () => {
        ended.abort();
        stop.removeEventListener('abort', end);
        if (said !== undefined) resolve(said);
        else reject(new StoreFault('store_io', 'the thread that copies the store has ended', undefined));
      });
    });
  }

  async function makeFile(left: AbortSignal): Promise<{ readonly bytes: number; readonly sha256: string }> {
    const late = new AbortController();
    const done = new AbortController();
    void clock.sleep('backup', COPY_MAX_MS, done.signal).then(() => late.abort());
    try {
      const stop = AbortSignal.any([left, closing.signal, late.signal]);
      const answer = await copied(stop);
      if (closing.signal.aborted)
        throw new StoreFault('store_closed', 'sensor-monitor is stopping', undefined);
      if ('bytes' in answer && !stop.aborted) return answer;
      if ('noRoom' in answer) throw readProblem('backup_no_room', answer.noRoom);
      if (late.signal.aborted)
        throw readProblem('backup_timeout', `no copy after ${COPY_MAX_MS / 60_000} min`);
      if ('bytes' in answer || left.aborted) throw readProblem('request_malformed', 'the client has left');
      throw errorOf(answer);
    } finally {
      done.abort();
    }
  }

  /** The file is gone with its last reader. */
  function opened(): Readable {
    const stream = createReadStream(target, { fd: openSync(target, 'r') });
    rmSync(target);
    open = stream;
    const closed = new AbortController();
    stream.once('close', () => {
      open = undefined;
      isTaken = false;
      closed.abort();
    });
    const maxMs = options.downloadMaxMs ?? DOWNLOAD_MAX_MS;
    void clock.sleep('backup download', maxMs, closed.signal).then(() => {
      if (!closed.signal.aborted)
        stream.destroy(readProblem('backup_timeout', `not taken after ${maxMs} ms`));
    });
    return stream;
  }

  return {
    async make(left) {
      if (isTaken) throw readProblem('backup_running', 'one is being made or taken', { retryAfterS: 60 });
      isTaken = true;
      try {
        return { ...(await makeFile(left)), stream: opened() };
      } catch (error) {
        discard();
        isTaken = false;
        throw error;
      }
    },
    get hangs() {
      return running.size > 0;
    },
    async close() {
      closing.abort();
      open?.destroy();
      const over = new AbortController();
      // A thread in the middle of a long call is left to the end of the process.
      const late = clock.sleep('backup close', END_MAX_MS, over.signal);
      await Promise.race([late, Promise.all(running)]);
      over.abort();
    },
  };
}
