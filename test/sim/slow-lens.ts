/**
 * The world of the simulation as the monitor sees it: a multiple slower than it is. Programs show themselves there each
 * half hour instead of each 30 s, and a round comes each hour; seen through this, all of it goes at the pace of a real
 * machine, so that every threshold and every window of the monitor is the one that it has on a Pi.
 *
 * What lasts is divided, and what has happened is brought closer to the beginning of the world. Times are known by
 * their names, which end alike everywhere: `At` and `_at` by the wall, `Mono` and `_mono_ms` since the boot.
 */

import type { Clock } from '../../lib/base/clock.ts';
import { BEGAN_AT } from './machine.ts';

export interface SlowLens {
  readonly times: number;
  clock(clock: Clock): Clock;
  /** Plain data, with all times in it as they look from here. */
  look<T>(seen: T): T;
  /** The same of a file that holds such data. */
  text(json: string): string;
}

const AT = /(^at|At|_at)$/;
const MONO = /(Mono|_mono_ms)$/;
/** A time to come that an invariant compares. */
const LASTS = 'lastsMs';

export function createSlowLens(times: number): SlowLens {
  const wall = (at: number) => BEGAN_AT + (at - BEGAN_AT) / times;

  function seen(value: unknown, name: string): unknown {
    if (typeof value === 'number') {
      if (AT.test(name)) return Math.round(wall(value));
      return MONO.test(name) || name === LASTS ? value / times : value;
    }
    if (Array.isArray(value)) return value.map((one) => seen(one, name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, seen(one, key)]));
  }

  return {
    times,
    clock: (clock) => ({
      wallMs: () => Math.round(wall(clock.wallMs())),
      monotonicMs: () => clock.monotonicMs() / times,
      sleep: (name, ms, signal) => clock.sleep(name, ms * times, signal),
    }),
    // The same shape with other numbers in it.
    look: (value) => seen(value, '') as typeof value,
    text: (json) => JSON.stringify(seen(JSON.parse(json), '')),
  };
}
