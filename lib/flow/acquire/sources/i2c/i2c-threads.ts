/**
 * The threads that I2C may hold, over all buses. Node makes blocking calls on a pool of four threads
 * (`UV_THREADPOOL_SIZE`), and the same four read the kernel's files and look host names up. An exchange that
 * hangs keeps its thread for as long as it hangs. So all buses together hold at most all threads but one:
 * whatever hangs, files are read and readings are delivered.
 *
 * So many buses may hang without harm to the others: two of the usual four threads, because the third is then
 * shared by all buses that are left. With three hanging, no bus is read any more, and only a new process has
 * the threads back.
 */

import { POOL_THREADS } from '../pool-threads.ts';

export interface I2cThread {
  /** Its exchange has been abandoned; the thread stays taken until it ends. */
  hang(): void;
  release(): void;
}

export interface I2cThreads {
  /** A thread, as soon as one is free; `undefined` if all of them hang. */
  take(): Promise<I2cThread | undefined>;
}

export interface I2cThreadsOptions {
  /** How many threads the pool has. */
  readonly poolThreads?: number | undefined;
  /** Told when the last one has begun to hang, and when one is free again. */
  readonly onExhausted?: (exhausted: boolean) => void;
}

export function createI2cThreads(options: I2cThreadsOptions = {}): I2cThreads {
  const { poolThreads = POOL_THREADS, onExhausted = () => {} } = options;
  const max = Math.max(1, poolThreads - 1);
  /** One entry for each bus that waits, so it is bounded by their number. */
  const waiting: ((thread: I2cThread | undefined) => void)[] = [];
  let taken = 0;
  let hanging = 0;

  function next(): void {
    if (hanging === max) for (const give of waiting.splice(0)) give(undefined);
    while (taken < max) {
      const give = waiting.shift();
      if (give === undefined) return;
      give(lend());
    }
  }

  function lend(): I2cThread {
    let hangs = false;
    taken += 1;
    return {
      hang() {
        hangs = true;
        hanging += 1;
        if (hanging === max) onExhausted(true);
        next();
      },
      release() {
        taken -= 1;
        if (hangs && hanging === max) onExhausted(false);
        if (hangs) hanging -= 1;
        next();
      },
    };
  }

  return {
    take: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        next();
      }),
  };
}
