/**
 * Readings that the disk does not take at the moment, in order, in memory. Bounded by number and age,
 * so that a disk which stays broken costs the oldest readings and not the process.
 */

import type { Reading } from '../reading.ts';

export interface RamRingOptions {
  readonly readingsMax?: number;
  readonly ageMaxMs?: number;
}

export interface RamRing {
  /** Adds readings at the new end and returns what had to leave at the old one. */
  push(readings: readonly Reading[], nowMono: number): readonly Reading[];
  /** The oldest readings, at most `count`; they stay. */
  oldest(count: number): readonly Reading[];
  /** Forgets the oldest `count`. */
  drop(count: number): void;
  size(): number;
}

/** About 2 MB. */
export const READINGS_MAX = 10_000;
/**
 * Readings that nobody has written down are lost with the power; what is older than this is better
 * reported as missing than promised.
 */
const AGE_MAX_MS = 600_000;

export function createRamRing(options: RamRingOptions = {}): RamRing {
  const { readingsMax = READINGS_MAX, ageMaxMs = AGE_MAX_MS } = options;
  let held: { readonly reading: Reading; readonly sinceMono: number }[] = [];

  return {
    push(readings, nowMono) {
      for (const reading of readings) held.push({ reading, sinceMono: nowMono });
      const young = held.findIndex(({ sinceMono }) => nowMono - sinceMono <= ageMaxMs);
      const tooOld = young < 0 ? held.length : young;
      const leaving = Math.max(tooOld, held.length - readingsMax);
      return held.splice(0, leaving).map(({ reading }) => reading);
    },
    oldest: (count) => held.slice(0, count).map(({ reading }) => reading),
    drop(count) {
      held = held.slice(count);
    },
    size: () => held.length,
  };
}
