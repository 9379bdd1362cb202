/**
 * Where readings lie by time: one partition for each month, so that what has become too old leaves as a whole and
 * at once. Times from before there was this software come from clocks that were wrong and share one partition, and
 * so do those that no machine of today will live to see: however wrong the times are, the partitions stay countable.
 */

import { RELEASED_AT } from '../../../base/released-at.ts';

/** A stretch of time with a partition of its own; the end is not included. */
export interface Stretch {
  /** The end of the names of its partitions: `2026_01`, `before`, `after`. */
  readonly name: string;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** The first month of all: from when on a time can be right. It never moves, unlike the floor of the clocks. */
const FIRST_AT = Date.UTC(2026, 0, 1);
/** 900 months from now. Corrections may lead to the year 9999, 100,000 months. */
const LAST_AT = Date.UTC(2100, 0, 1);
/** More than any time that a reading may have. */
const END_AT = Number.MAX_SAFE_INTEGER;

/** Made with the tables, because every one of them may be needed by the first wrong clock. */
export const OUTER_STRETCHES: readonly Stretch[] = [
  { name: 'before', fromAt: 0, untilAt: FIRST_AT },
  { name: 'after', fromAt: LAST_AT, untilAt: END_AT },
];

/** The stretch that `at` lies in. Wall time, ms. */
export function stretchOf(at: number): Stretch {
  const outer = OUTER_STRETCHES.find(({ fromAt, untilAt }) => fromAt <= at && at < untilAt);
  return outer ?? monthOf(at);
}

/** The stretches of a partition's name; `undefined` if it is none of ours. */
export function stretchNamed(name: string): Stretch | undefined {
  const outer = OUTER_STRETCHES.find((one) => one.name === name);
  if (outer !== undefined) return outer;
  const match = /^(\d{4})_(\d{2})$/.exec(name);
  if (match === null) return undefined;
  const found = stretchOf(Date.UTC(Number(match[1]), Number(match[2]) - 1, 1));
  return found.name === name ? found : undefined;
}

/** The month after this one has its partition before it begins: nobody has to wait for it at midnight. */
export function stretchesAhead(nowAt: number): Stretch[] {
  const now = stretchOf(Math.max(nowAt, RELEASED_AT));
  return [now, stretchOf(now.untilAt)];
}

function monthOf(at: number): Stretch {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    name: `${String(year).padStart(4, '0')}_${String(month + 1).padStart(2, '0')}`,
    fromAt: Date.UTC(year, month, 1),
    untilAt: Date.UTC(year, month + 1, 1),
  };
}
