/**
 * A thread that is asked one thing after the other, for work that may block: bounded in how many questions may wait,
 * and each is answered in time or the thread is given up and replaced. What hangs in the kernel cannot be ended; it is
 * left behind, and whoever owns the thread hears of it.
 */

import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.ts';

/** What the thread is sent; `close` tells it to end. */
export interface ThreadQuestion {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** `error` is whatever the two sides have agreed on. */
export type ThreadAnswer<E> =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: E };

export interface AskedThread {
  /** Rejects with one of `errors`. */
  ask(name: string, args: readonly unknown[]): Promise<never>;
  /** A thread that was given up, or is to close, has not ended. */
  readonly hangs: boolean;
  /** What is asked afterwards is refused. */
  close(): Promise<void>;
}

export interface AskedThreadOptions<E> {
  /** Compiled. */
  readonly worker: URL;
  /** Its `workerData`. */
  readonly data: unknown;
  readonly clock: Clock;
  /** Names the waiting, for who looks at sleepers. */
  readonly name: string;
  readonly answerMaxMs: number;
  readonly waitingMax: number;
  readonly heapMiB: { readonly young: number; readonly old: number };
  readonly errors: {
    readonly closed: () => Error;
    readonly busy: () => Error;
    readonly late: () => Error;
    /** By itself, or because of `cause`. */
    readonly ended: (cause: unknown) => Error;
    readonly answered: (error: E) => Error;
  };
  /** The thread was told to end; `ended` settles when it has, and never if it hangs in the kernel. */
  readonly onGivenUp: (ended: Promise<unknown>) => void;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  readonly answered: AbortController;
}

export function createAskedThread<E>(options: AskedThreadOptions<E>): AskedThread {
  const { clock, answerMaxMs, errors } = options;
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let asked = 0;
  let hanging = 0;
  let closed = false;

  function settle(id: number): Waiting | undefined {
    const one = waiting.get(id);
    waiting.delete(id);
    one?.answered.abort();
    return one;
  }

  function failAll(error: Error): void {
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  }

  function started(): Worker {
    const worker = new Worker(options.worker, {
      workerData: options.data,
      // Options of the program are not for the thread.
      env: {},
      execArgv: [],
      resourceLimits: {
        maxYoungGenerationSizeMb: options.heapMiB.young,
        maxOldGenerationSizeMb: options.heapMiB.old,
        stackSizeMb: 1,
      },
    });
    worker.unref();
    worker.on('message', (answer: ThreadAnswer<E>) => {
      const one = settle(answer.id);
      if ('result' in answer) one?.resolve(answer.result as never);
      else one?.reject(errors.answered(answer.error));
    });
    // One that was given up has failed its questions already: those that wait are its successor's.
    const onEnd = (cause: unknown) => {
      if (thread !== worker) return;
      thread = undefined;
      failAll(errors.ended(cause));
    };
    worker.on('error', onEnd);
    worker.on('exit', () => onEnd(undefined));
    return worker;
  }

  function giveUp(): void {
    const worker = thread;
    thread = undefined;
    failAll(errors.late());
    if (worker === undefined) return;
    hanging += 1;
    const ended = worker.terminate().finally(() => {
      hanging -= 1;
    });
    options.onGivenUp(ended);
  }

  return {
    ask(name, args) {
      if (closed) return Promise.reject(errors.closed());
      if (waiting.size >= options.waitingMax) return Promise.reject(errors.busy());
      thread ??= started();
      asked += 1;
      const question: ThreadQuestion = { id: asked, name, args };
      const answered = new AbortController();
      const answer = new Promise<never>((resolve, reject) => {
        waiting.set(question.id, { resolve, reject, answered });
      });
      thread.postMessage(question);
      void clock.sleep(options.name, answerMaxMs, answered.signal).then(() => {
        if (waiting.has(question.id)) giveUp();
      });
      return answer;
    },
    get hangs() {
      return hanging > 0;
    },
    async close() {
      closed = true;
      failAll(errors.closed());
      const worker = thread;
      thread = undefined;
      if (worker === undefined) return;
      hanging += 1;
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage('close');
      await ended;
      hanging -= 1;
    },
  };
}
