/**
 * The threads that sensors may hold: one account for the buses that we drive and the devices that the kernel does.
 * Node makes blocking calls on a pool of four threads (`UV_THREADPOOL_SIZE`), and the same four read plain files and
 * look host names up. A call that hangs in a driver keeps its thread for as long as it hangs. So whoever may hang
 * is lent a thread first, and all of them together at most all but one: whatever hangs, files are read and
 * readings are delivered.
 *
 * Two of the usual four may hang without harm to the others, who then share the third. When that hangs, too, no
 * such sensor is read any more, and only a new process has the threads back. It is wanted if one of those that
 * hang had worked before: what has never answered would hang there again.
 */

import type { Clock } from '../../../base/clock.ts';
import type { Pulse } from '../../../base/loop.ts';

/** The threads on which Node makes calls that block, if nobody says otherwise (libuv: `UV_THREADPOOL_SIZE`). */
export const POOL_THREADS = 4;

/**
 * So long we wait for one of them to end; as every restart takes at least this long and the watchdog's time, the
 * unit's start limit is far.
 */
const EXHAUSTED_MAX_MS = 60_000;

export interface PoolThread {
  /** Its call has been abandoned; the thread stays taken until it ends. `worked`: whoever hangs has answered before. */
  hang(worked: boolean): void;
  release(): void;
}

export interface PoolThreads {
  /** How many can be lent at once. */
  readonly max: number;
  /** A thread, as soon as one is free, in the order of asking; `undefined` if all hang, or when `signal` aborts. */
  take(signal?: AbortSignal): Promise<PoolThread | undefined>;
  /** How many of those that are lent hang. */
  hanging(): number;
  /** Whether all that can be lent do. */
  exhausted(): boolean;
}

export interface PoolThreadsOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** How many threads the pool has. */
  readonly poolThreads?: number | undefined;
  /** Where the promise is broken that only a new process can mend. Without it nothing is restarted. */
  readonly pulse?: Pulse | undefined;
}

const LOOP = 'pool threads';

export function createPoolThreads({ clock, pulse, poolThreads }: PoolThreadsOptions): PoolThreads {
  const max = Math.max(1, (poolThreads ?? POOL_THREADS) - 1);
  /** One entry for each bus and each lane of devices that waits, so it is bounded by their number. */
  let waiting: ((thread: PoolThread | undefined) => void)[] = [];
  let taken = 0;
  /** Whether each of those that hang had worked. */
  const hanging = new Map<PoolThread, boolean>();

  function next(): void {
    if (hanging.size === max) for (const give of waiting.splice(0)) give(undefined);
    while (taken < max) {
      const give = waiting.shift();
      if (give === undefined) return;
      give(lend());
    }
  }

  function lend(): PoolThread {
    taken += 1;
    const thread: PoolThread = {
      hang(worked) {
        hanging.set(thread, worked);
        if (hanging.size === max && [...hanging.values()].includes(true))
          pulse?.promise(LOOP, clock.monotonicMs() + EXHAUSTED_MAX_MS);
        next();
      },
      release() {
        taken -= 1;
        if (hanging.size === max && hanging.has(thread)) pulse?.release(LOOP);
        hanging.delete(thread);
        next();
      },
    };
    return thread;
  }

  return {
    max,
    hanging: () => hanging.size,
    exhausted: () => hanging.size === max,
    take: (signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve(undefined);
        const leave = () => {
          waiting = waiting.filter((one) => one !== give);
          resolve(undefined);
        };
        const give = (thread: PoolThread | undefined) => {
          signal?.removeEventListener('abort', leave);
          resolve(thread);
        };
        signal?.addEventListener('abort', leave, { once: true });
        waiting.push(give);
        next();
      }),
  };
}
