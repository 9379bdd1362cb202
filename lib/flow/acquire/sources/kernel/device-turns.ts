/**
 * Reads many devices without letting one of them hold up the others. A device that has not answered within
 * its patience is left behind: its read goes on (nothing can cancel it) and keeps a thread, and neither it nor
 * a neighbour on its bus is asked again until that read has ended. What was late, or had no turn for want of
 * time, is put in order for the next round: the longest waiting first, the late ones last.
 *
 * Each device left behind costs one of libuv's threads, of which there are four unless the environment says
 * otherwise. So only a few may be: beyond that nothing more is begun, and the reason is thrown.
 */

import type { Clock } from '../../../../base/clock.ts';
import { withDeadline } from '../../../../base/deadline.ts';
import { POOL_THREADS } from '../pool-threads.ts';

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

/** Half of the threads: the other half serves files, host names and the rest of the sensors. */
const LEFT_BEHIND_SHARE_MAX = 0.5;

/** Devices come and go under other names (USB); what is remembered of them is only the order. */
const REMEMBERED_MAX = 1_000;

export interface DeviceTurnsOptions {
  readonly clock: Clock;
  /** How many threads there are for calls that block; four if left out. */
  readonly poolThreads?: number | undefined;
}

export function createDeviceTurns({ clock, poolThreads = POOL_THREADS }: DeviceTurnsOptions): DeviceTurns {
  const leftBehindMax = Math.max(1, Math.floor(poolThreads * LEFT_BEHIND_SHARE_MAX));
  const hanging = new Map<string, string>();
  const late = new Set<string>();
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
    }
    turn += 1;
    turns.set(key, turn);
  }

  async function ask<T>(
    { key, bus, read }: Device<T>,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    noteTurn(key);
    let ended = false;
    const work = async (nobodyWaits: AbortSignal) => {
      try {
        return await read(nobodyWaits);
      } finally {
        ended = true;
        hanging.delete(key);
      }
    };
    const timed = await withDeadline(clock, `device ${key}`, patienceMs, work, signal);
    if (!timed.late) {
      late.delete(key);
      return timed.value;
    }
    if (!ended) hanging.set(key, bus);
    if (!signal.aborted) late.add(key);
    return undefined;
  }

  return {
    leftBehind: () => hanging,

    async take<T>(devices: readonly Device<T>[], limits: TurnLimits, signal: AbortSignal) {
      signal.throwIfAborted();
      const endMono = clock.monotonicMs() + limits.totalMs;
      const answers = new Map<string, T | undefined>();
      const waiting = inOrder(devices.filter((device) => !isParked(device.bus)));
      const lane = async (): Promise<void> => {
        while (hanging.size < leftBehindMax) {
          const leftMs = endMono - clock.monotonicMs();
          const next = leftMs < limits.leastMs ? undefined : waiting.shift();
          if (next === undefined) return;
          if (isParked(next.bus)) continue;
          answers.set(next.key, await ask(next, Math.min(limits.patienceMs, leftMs), signal));
          signal.throwIfAborted();
        }
      };
      await Promise.all(Array.from({ length: limits.lanes }, lane));
      if (answers.size === 0 && hanging.size >= leftBehindMax && devices.length > 0)
        throw tooMany([...hanging.keys()]);
      return devices.map(({ key }) => answers.get(key));
    },
  };
}

function tooMany(names: readonly string[]): Error {
  return new Error(
    `${names.join(' and ')} hang in their drivers, and each keeps a thread: no other is read until one answers (see dmesg, and the wiring)`,
  );
}
