/** The looks of the last hour, bounded: for what shows only in time, such as a count that has grown. */

import type { Look } from './look.ts';

/** An hour of looks at the usual pace, some 20 KiB each with many sensors. */
const LOOKS_MAX = 120;
const PAST_MS = 3_600_000;

export interface Past {
  /** Of at most the last `ms`, the oldest first, without the present one. */
  within(ms: number): readonly Look[];
}

export interface Looks extends Past {
  /** A look becomes a part of the past. */
  add(look: Look): void;
}

export function createLooks(): Looks {
  let looks: readonly Look[] = [];
  let nowMono = Number.NEGATIVE_INFINITY;
  return {
    within: (ms) => looks.filter(({ atMono }) => nowMono - atMono <= ms),
    add(look) {
      nowMono = look.atMono;
      looks = [...looks, look].filter(({ atMono }) => nowMono - atMono <= PAST_MS).slice(-LOOKS_MAX);
    },
  };
}

/**
 * By how much a count has grown over the looks of the last `ms`. A count that became less has begun anew, with a
 * program or a boot: what it shows then has come since.
 */
export function grownBy(
  { look, past }: { readonly look: Look; readonly past: Past },
  ms: number,
  countOf: (look: Look) => number | undefined,
): number | undefined {
  const now = countOf(look);
  if (now === undefined) return undefined;
  const counts = [...past.within(ms), look].flatMap((one) => countOf(one) ?? []);
  return counts.slice(1).reduce((sum, count, i) => {
    const before = counts[i] ?? count;
    return sum + (count < before ? count : count - before);
  }, 0);
}

/**
 * For how long this has been so in every look that could tell, up to now; 0 if it is not so now. At most as long as
 * the past reaches back.
 */
export function lastingMs(
  { look, past }: { readonly look: Look; readonly past: Past },
  isSo: (look: Look) => boolean | undefined,
): number {
  const known = [...past.within(PAST_MS), look].filter((one) => isSo(one) !== undefined);
  const since = known.slice(known.findLastIndex((one) => isSo(one) === false) + 1)[0];
  return since === undefined ? 0 : look.atMono - since.atMono;
}
