/**
 * Reads many devices without letting one of them hold up the others. A device that has not answered within
 * its patience is left behind: its read goes on (nothing can cancel it) and keeps a thread, and neither it nor
 * a neighbour on its bus is asked again until that read has ended. What was late, or had no turn for want of
 * time, is put in order for the next round: the longest waiting first, the late ones last.
 *
 * Each device is read on a thread that it is lent (`pool-threads.ts`), and one that is left behind keeps it. So
 * only a few may be: beyond that nothing more is begun, and the reason is thrown.
 */

import type { Clock } from '../../../../base/clock.ts';
import { withDeadline } from '../../../../base/deadline.ts';
import { createPoolThreads, type PoolThread, type PoolThreads } from '../pool-threads.ts';

export interface Device<T> {
  /** The same in every round, for the same device. */
  readonly key: string;
  /** What it shares with others that hang when it hangs. */
  readonly bus: string;
  /** `signal` aborts when nobody waits any more; rejects only for what concerns all devices. */
  readonly read: (signal: AbortSignal) => Promise<T>;
}

export interface TurnLimits {
  /** So many at once. */
  readonly lanes: number;
  /** How long one device may take. */
  readonly patienceMs: number;
  /** How long all of them may take. */
  readonly totalMs: number;
  /** No device is begun with less time left than it usually needs; the next round goes on there. */
  readonly leastMs: number;
}

export interface DeviceTurns {
  /**
   * The answers in the order of `devices`; `undefined` for those that are left behind or had no turn. Rejects
   * when `signal` aborts, with what a device rejects with, and when too many hang to begin any other.
   */
  take<T>(
    devices: readonly Device<T>[],
    limits: TurnLimits,
    signal: AbortSignal,
  ): Promise<readonly (T | undefined)[]>;

  /** Devices whose read has been left behind and has not ended, each with its bus. */
  leftBehind(): ReadonlyMap<string, string>;
}

/** For people: why a device has no value now. */
export const NOT_IN_TIME = 'has not answered in time';

/** Of all threads: of the other half one serves files and host names, the rest our own buses. */
const LEFT_BEHIND_SHARE_MAX = 0.5;

/** Devices come and go under other names (USB); what is remembered of them is only the order. */
const REMEMBERED_MAX = 1_000;

export interface DeviceTurnsOptions {
  readonly clock: Clock;
  /** Shared with all others that may hang in this process; an account of their own if left out. */
  readonly threads?: PoolThreads | undefined;
}

export function createDeviceTurns(options: DeviceTurnsOptions): DeviceTurns {
  const { clock, threads = createPoolThreads({ clock }) } = options;
  const leftBehindMax = Math.max(1, Math.floor((threads.max + 1) * LEFT_BEHIND_SHARE_MAX));
  const hanging = new Map<string, string>();
  const late = new Set<string>();
  /** Those that have answered since the start. */
  const worked = new Set<string>();
  const turns = new Map<string, number>();
  let turn = 0;

  const isParked = (bus: string) => [...hanging.values()].includes(bus);

  function inOrder<T>(devices: readonly Device<T>[]): Device<T>[] {
    const rank = ({ key }: Device<T>) => (late.has(key) ? Number.MAX_SAFE_INTEGER : (turns.get(key) ?? 0));
    return devices.toSorted((a, b) => rank(a) - rank(b));
  }

  function noteTurn(key: string): void {
    if (turns.size > REMEMBERED_MAX) {
      turns.clear();
      late.clear();
      worked.clear();
    }
    turn += 1;
    turns.set(key, turn);
  }

  /** One that is free within so long. `take` settles once, so none is lent to somebody who has left. */
  async function threadWithin(ms: number, signal: AbortSignal): Promise<PoolThread | undefined> {
    const enough = new AbortController();
    const leave = () => enough.abort();
    signal.addEventListener('abort', leave, { once: true });
    void clock.sleep('thread for a device', ms, enough.signal).then(leave);
    try {
      return await threads.take(enough.signal);
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  async function ask<T>(
    { key, bus, read }: Device<T>,
    thread: PoolThread,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    noteTurn(key);
    let ended = false;
    const work = async (nobodyWaits: AbortSignal) => {
      try {
        const answer = await read(nobodyWaits);
        worked.add(key);
        return answer;
      } finally {
        ended = true;
        hanging.delete(key);
        thread.release();
      }
    };
    const timed = await withDeadline(clock, `device ${key}`, patienceMs, work, signal);
    if (!timed.late) {
      late.delete(key);
      return timed.value;
    }
    if (!ended) {
      hanging.set(key, bus);
      thread.hang(worked.has(key));
    }
    if (!signal.aborted) late.add(key);
    return undefined;
  }

  return {
    leftBehind: () => hanging,

    async take<T>(devices: readonly Device<T>[], limits: TurnLimits, signal: AbortSignal) {
      signal.throwIfAborted();
      const endMono = clock.monotonicMs() + limits.totalMs;
      const answers = new Map<string, T | undefined>();
      let waiting = inOrder(devices);
      const leftMs = () => endMono - clock.monotonicMs();
      const next = (): Device<T> | undefined => {
        waiting = waiting.filter((device) => !isParked(device.bus));
        return hanging.size < leftBehindMax && leftMs() >= limits.leastMs ? waiting[0] : undefined;
      };
      const lane = async (): Promise<void> => {
        while (next() !== undefined) {
          const thread = await threadWithin(leftMs() - limits.leastMs, signal);
          // Others have gone on while this lane waited.
          const device = next();
          if (device === undefined) thread?.release();
          if (device === undefined || thread === undefined) return;
          waiting = waiting.filter((one) => one !== device);
          answers.set(device.key, await ask(device, thread, Math.min(limits.patienceMs, leftMs()), signal));
          signal.throwIfAborted();
        }
      };
      await Promise.all(Array.from({ length: limits.lanes }, lane));
      signal.throwIfAborted();
      const none = answers.size === 0 && devices.length > 0;
      if (none && (hanging.size >= leftBehindMax || threads.exhausted())) throw tooMany([...hanging.keys()]);
      return devices.map(({ key }) => answers.get(key));
    },
  };
}

function tooMany(names: readonly string[]): Error {
  const who =
    names.length === 0
      ? 'calls that hang in other drivers keep every thread there is for sensors'
      : `${names.join(' and ')} hang in their drivers, and each keeps a thread`;
  return new Error(`${who}: no other is read until one answers (see dmesg, and the wiring)`);
}
