/**
 * Summaries of readings: of one of them, and of two summaries together. Count, min, max, first and last are
 * exact, the mean is so within rounding; readings with different remarks are never put together here.
 */

import { FLAG } from '../../reading.ts';
import type { ReadingRow, Summary } from './store-looks.ts';

/** A reading as the summary of itself; a thinned one as that of those which it stands for. */
export function summaryOfReading({
  at,
  value,
  flags,
  thinned,
}: Omit<ReadingRow, 'id' | 'streamName' | 'seq' | 'stream'>): Summary {
  const plain = flags & ~FLAG.thinned;
  if (thinned === undefined) {
    return {
      at,
      flags: plain,
      count: 1,
      mean: value,
      min: value,
      max: value,
      first: value,
      firstAt: at,
      last: value,
      lastAt: at,
    };
  }
  const { count, min, max, first, last, spanMs } = thinned;
  return { at, flags: plain, count, mean: value, min, max, first, firstAt: at, last, lastAt: at + spanMs };
}

/**
 * Both together, at the place of the first. Of several readings at one moment the least is first, and the greatest
 * last.
 */
export function together(a: Summary, b: Summary): Summary {
  const count = a.count + b.count;
  const mean = a.mean * (a.count / count) + b.mean * (b.count / count);
  const min = Math.min(a.min, b.min);
  const max = Math.max(a.max, b.max);
  const isFirst = a.firstAt < b.firstAt || (a.firstAt === b.firstAt && a.first <= b.first);
  const isLast = a.lastAt > b.lastAt || (a.lastAt === b.lastAt && a.last >= b.last);
  const [early, late] = [isFirst ? a : b, isLast ? a : b];
  return {
    at: a.at,
    flags: a.flags | b.flags,
    count,
    // Rounding must not carry a mean past what it is the mean of.
    mean: Math.min(max, Math.max(min, mean)),
    min,
    max,
    first: early.first,
    firstAt: early.firstAt,
    last: late.last,
    lastAt: late.lastAt,
  };
}
