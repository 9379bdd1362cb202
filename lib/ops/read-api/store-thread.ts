/**
 * The store, asked through a thread of its own (`store-worker.ts`): bounded in how many looks may wait, and each is
 * over in time or the thread is given up and replaced. What is given up promises its end to `pulse`: a thread that
 * cannot even be ended hangs in the kernel, and then the program has to be started afresh.
 */

import { createAskedThread } from '../../base/asked-thread.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Pulse } from '../../base/loop.ts';
import { STORE_FAULTS, StoreFault } from '../../flow/write-api/readings-store.ts';
import type { AskStore, LookName } from '../../flow/write-api/store/store-looks.ts';
import { THREAD_HEAP_MIB } from './limits.ts';
import { errorOf, type ThreadFailure } from './thread-failure.ts';

export interface StoreThread {
  /** Rejects with `StoreFault` or `StoreGone`; anything else is a bug. */
  readonly ask: AskStore;
  /** A thread that was given up, or is to close, has not ended. */
  readonly hangs: boolean;
  /** What is asked afterwards is refused with `store_closed`. */
  close(): Promise<void>;
}

export interface StoreThreadOptions {
  readonly file: string;
  /** The compiled `store-worker`. */
  readonly worker: URL;
  readonly clock: Clock;
  readonly pulse: Pulse;
  /** 20 s if left out: a look reads a few thousand rows, which takes the slowest card two seconds. */
  readonly lookMaxMs?: number;
}

const LOOK_MAX_MS = 20_000;
/** As many as questions and exports together could ask at once, with room for health. */
const WAITING_MAX = 32;
/** Ending a thread that computes takes milliseconds. */
const END_MAX_MS = 10_000;

export function createStoreThread(options: StoreThreadOptions): StoreThread {
  const { clock, pulse } = options;
  const lookMaxMs = options.lookMaxMs ?? LOOK_MAX_MS;
  let givenUp = 0;
  const thread = createAskedThread<ThreadFailure>({
    worker: options.worker,
    data: { file: options.file },
    clock,
    name: 'store look',
    answerMaxMs: lookMaxMs,
    waitingMax: WAITING_MAX,
    heapMiB: THREAD_HEAP_MIB,
    errors: {
      closed: () => new StoreFault('store_closed', STORE_FAULTS.store_closed.hint, undefined),
      busy: () => new StoreFault('store_busy', `${WAITING_MAX} looks wait already`, undefined),
      late: () => new StoreFault('store_io', `the store has not answered for ${lookMaxMs} ms`, undefined),
      ended: (cause) => {
        const why = cause === undefined ? ' has ended' : `: ${messageOf(cause)}`;
        return new StoreFault('store_io', `the thread that reads the store${why}`, cause);
      },
      answered: errorOf,
    },
    onGivenUp: (ended) => {
      givenUp += 1;
      const name = `store thread ${givenUp}`;
      pulse.promise(name, clock.monotonicMs() + END_MAX_MS);
      void ended.then(() => pulse.release(name));
    },
  });
  return {
    ask: (name, ...args) => thread.ask(name satisfies LookName, args),
    get hangs() {
      return thread.hangs;
    },
    close: () => thread.close(),
  };
}
