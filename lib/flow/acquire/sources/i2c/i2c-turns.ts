/**
 * Turns on a bus, and a deadline on each. An exchange is a blocking call in the kernel that nobody can call
 * back, so one that is late is abandoned: whoever asked gets his answer, `bus_stuck`, and the bus takes nothing
 * more until the call has ended, because the kernel would only queue it behind that one.
 *
 *   free  -> stuck   an exchange has not ended by its deadline: it and all that wait are refused
 *   stuck -> free    it has ended after all: the device file is closed, and opened anew by the next exchange
 *
 * Nothing here touches another bus, and none of it touches the rounds.
 */

import type { Clock } from '../../../../base/clock.ts';
import { createPoolThreads, type PoolThread, type PoolThreads } from '../pool-threads.ts';
import { ChipError } from './chip.ts';
import type { GuardedI2cBus, I2cWire } from './i2c-bus.ts';
import { hex } from './i2c-errors.ts';

export interface I2cTurnsOptions {
  /** The `1` of `/dev/i2c-1`. */
  readonly bus: number;
  readonly wire: I2cWire;
  readonly clock: Clock;
  readonly exchangeMaxMs?: number | undefined;
  /** Shared by all that may hang in a process. */
  readonly threads?: PoolThreads;
  /** Told when the bus gets stuck (with whether it has ever answered since the start), and when it is free again. */
  readonly onStuck?: (answered: boolean) => void;
  readonly onFree?: () => void;
}

/**
 * The adapters of the kernel give up by themselves, the Raspberry Pi's after one second, and that is the better
 * end: it says why and keeps no thread. So we wait longer than they do.
 */
export const EXCHANGE_MAX_MS = 1_500;

/** A driver has one exchange under way, and there are at most 64 sources: more than this waiting is a mistake. */
const WAITING_MAX = 64;

/**
 * While our own thread stood still (a commit on a slow card), the bus may have answered: what has come meanwhile
 * is looked at before an exchange is abandoned.
 */
const STALL_GRACE_MS = 50;

interface Request {
  readonly address: number;
  readonly write: Uint8Array;
  readonly readLength: number;
  readonly signal: AbortSignal | undefined;
  resolve(answer: Uint8Array): void;
  reject(error: unknown): void;
}

export function createI2cTurns(options: I2cTurnsOptions): GuardedI2cBus {
  const {
    bus,
    wire,
    clock,
    exchangeMaxMs = EXCHANGE_MAX_MS,
    threads = createPoolThreads({ clock }),
  } = options;
  let waiting: Request[] = [];
  let inHand = false;
  let stuck: { readonly sinceAt: number; readonly sinceMono: number; readonly address: number } | undefined;
  let closed = false;
  let answered = false;
  let exchanges = 0;
  let abandoned = 0;

  function next(): void {
    if (inHand || stuck !== undefined) return;
    const request = waiting.shift();
    if (request === undefined) {
      if (closed) void wire.drop();
      return;
    }
    inHand = true;
    void serve(request).finally(() => {
      inHand = false;
      next();
    });
  }

  /** Never rejects: how it ended is the affair of whoever asked. */
  async function serve(request: Request): Promise<void> {
    const thread = await threads.take(request.signal);
    if (thread === undefined) {
      if (request.signal?.aborted) return request.reject(gaveUp());
      return request.reject(
        refusal(
          `bus ${bus} has to wait: calls that hang on other buses or in drivers hold every thread there is for sensors`,
        ),
      );
    }
    exchanges += 1;
    const abandon = new AbortController();
    const { address, write, readLength } = request;
    const exchange = wire.exchange(address, write, readLength, abandon.signal);
    const ended = exchange.then(
      (answer) => {
        answered = true;
        request.resolve(answer);
      },
      (error: unknown) => request.reject(error),
    );
    if (await isInTime(ended)) return thread.release();
    abandon.abort();
    abandonTo(request, ended, thread);
  }

  function abandonTo(request: Request, ended: Promise<unknown>, thread: PoolThread): void {
    const { address } = request;
    abandoned += 1;
    stuck = { sinceAt: clock.wallMs(), sinceMono: clock.monotonicMs(), address };
    options.onStuck?.(answered);
    thread.hang(answered);
    const late = `bus ${bus} hangs: the exchange with ${hex(address)} has not ended after ${exchangeMaxMs} ms`;
    request.reject(new ChipError('bus_stuck', `${late}; unplug that chip, or power the sensors off and on`));
    for (const one of waiting) one.reject(stillStuck());
    waiting = [];
    void ended
      .then(() => wire.drop())
      .then(() => {
        stuck = undefined;
        thread.release();
        options.onFree?.();
        next();
      });
  }

  async function isInTime(ended: Promise<unknown>): Promise<boolean> {
    const done = new AbortController();
    const late = (async () => {
      await clock.sleep(`i2c bus ${bus}`, exchangeMaxMs, done.signal);
      await clock.sleep(`i2c bus ${bus}`, STALL_GRACE_MS, done.signal);
      return false;
    })();
    try {
      return await Promise.race([ended.then(() => true), late]);
    } finally {
      done.abort();
    }
  }

  const gaveUp = () => refusal(`gave up waiting for bus ${bus}: others have held it for too long`);

  function stillStuck(): ChipError {
    const { sinceMono = 0, address = 0 } = stuck ?? {};
    const seconds = Math.round((clock.monotonicMs() - sinceMono) / 1_000);
    return refusal(
      `bus ${bus} has been stuck for ${seconds} s, in an exchange with ${hex(address)}: unplug that chip, or power the sensors off and on`,
    );
  }

  return {
    transfer(address, write, readLength, signal) {
      if (closed) return Promise.reject(new ChipError('unusable', `I2C bus ${bus} has been closed`));
      if (stuck !== undefined) return Promise.reject(stillStuck());
      if (waiting.length >= WAITING_MAX) {
        return Promise.reject(refusal(`${waiting.length} exchanges are waiting for bus ${bus} already`));
      }
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const leave = () => {
          const left = waiting.filter((one) => one !== request);
          if (left.length === waiting.length) return;
          waiting = left;
          request.reject(gaveUp());
        };
        const settled = () => signal?.removeEventListener('abort', leave);
        const request: Request = {
          address,
          write,
          readLength,
          signal,
          resolve(answer) {
            settled();
            resolve(answer);
          },
          reject(error) {
            settled();
            reject(error);
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        waiting.push(request);
        next();
      });
    },

    close() {
      if (closed) return;
      closed = true;
      next();
    },

    status: () => ({
      bus,
      state: stuck === undefined ? 'free' : 'stuck',
      stuckSinceAt: stuck?.sinceAt,
      exchanges,
      abandoned,
      waiting: waiting.length,
    }),
  };
}

/** Nothing was asked of the chip, so it is not to blame. */
function refusal(message: string): ChipError {
  return new ChipError('bus_stuck', message, { tried: false });
}
