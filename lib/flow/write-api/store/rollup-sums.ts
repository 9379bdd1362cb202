/**
 * Sums readings up into minutes, hours and days, as they pass. Each level holds one rollup at a time and hands it on
 * when the next reading belongs to another: readings in the order of series and time give each rollup once, and in
 * any other order the same ones in parts, which whoever writes them puts together. So there is nothing to keep in
 * memory, and no order that would be wrong.
 */

import type { Thinned } from '../../reading.ts';
import { bucketOf, ROLLUP_LEVELS, type Rollup, type RollupLevel } from './rollup.ts';

/** What a thinned reading stands for, beyond its mean. */
export type Stands = Pick<Thinned, 'count' | 'min' | 'max' | 'first' | 'last' | 'spanMs'>;

export interface Sums {
  /** Takes one reading. `flags` without that of a thinned one. */
  add(series: number, at: number, value: number, flags: number, stands?: Stands): void;

  /** Hands on what is held. Nothing is complete before. */
  flush(): void;
}

export interface LevelSums extends Sums {
  /** Takes a rollup of a finer level. */
  addRollup(rollup: Rollup): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Of all levels, each made of the one before it. */
export function createSums(write: (level: RollupLevel, rollup: Rollup) => void): Sums {
  const [minute, hour, day] = ROLLUP_LEVELS;
  const days = createLevelSums(day, (rollup) => write(day, rollup));
  const hours = createLevelSums(hour, (rollup) => {
    write(hour, rollup);
    days.addRollup(rollup);
  });
  const minutes = createLevelSums(minute, (rollup) => {
    write(minute, rollup);
    hours.addRollup(rollup);
  });
  return {
    add: minutes.add,
    flush() {
      for (const level of [minutes, hours, days]) level.flush();
    },
  };
}

/** Of one level. What is handed on is handed on for good: it is never changed afterwards. */
export function createLevelSums({ widthMs }: RollupLevel, handOn: (rollup: Rollup) => void): LevelSums {
  let held: Mutable<Rollup> | undefined;

  /** The rollup for this moment, if it is the one that is held; otherwise that one is handed on. */
  function heldFor(series: number, bucket: number, flags: number): Mutable<Rollup> | undefined {
    if (held === undefined) return undefined;
    if (held.series === series && held.at === bucket && held.flags === flags) return held;
    handOn(held);
    held = undefined;
    return undefined;
  }

  /** Plain numbers, because one object for each reading would be most of the work. */
  function merge(
    series: number,
    at: number,
    flags: number,
    count: number,
    mean: number,
    min: number,
    max: number,
    first: number,
    firstMs: number,
    last: number,
    lastMs: number,
  ): void {
    const bucket = bucketOf(at, widthMs);
    const fromMs = at - bucket + firstMs;
    const toMs = at - bucket + lastMs;
    const one = heldFor(series, bucket, flags);
    if (one === undefined) {
      held = { series, at: bucket, flags, count, mean, min, max, first, firstMs: fromMs, last, lastMs: toMs };
      return;
    }
    const all = one.count + count;
    // Weights instead of sums: two huge values have a mean, although their sum is none.
    one.mean = one.mean * (one.count / all) + mean * (count / all);
    one.count = all;
    if (min < one.min) one.min = min;
    if (max > one.max) one.max = max;
    if (fromMs < one.firstMs || (fromMs === one.firstMs && first < one.first)) {
      one.first = first;
      one.firstMs = fromMs;
    }
    if (toMs > one.lastMs || (toMs === one.lastMs && last > one.last)) {
      one.last = last;
      one.lastMs = toMs;
    }
  }

  return {
    add(series, at, value, flags, stands) {
      if (stands === undefined) {
        merge(series, at, flags, 1, value, value, value, value, 0, value, 0);
        return;
      }
      const { count, min, max, first, last, spanMs } = stands;
      merge(series, at, flags, count, value, min, max, first, 0, last, spanMs);
    },
    addRollup({ series, at, flags, count, mean, min, max, first, firstMs, last, lastMs }) {
      merge(series, at, flags, count, mean, min, max, first, firstMs, last, lastMs);
    },
    flush() {
      if (held !== undefined) handOn(held);
      held = undefined;
    },
  };
}
