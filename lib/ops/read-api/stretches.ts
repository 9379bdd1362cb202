/**
 * Which source tells of which part of a time: days where whole days are asked for, hours and minutes at the
 * edges, and single readings within the minute in which the time begins or ends. So a question over years reads
 * a few hundred rows, and its answer is as exact as if it had read them all.
 */

import { bucketOf, ROLLUP_LEVELS } from '../../flow/write-api/store/rollup.ts';
import type { Held } from '../../flow/write-api/store/store-looks.ts';

/** `raw` are the readings themselves; a number is a level of rollups. */
export type Source = 'raw' | number;

export interface Stretch {
  readonly source: Source;
  readonly fromAt: number;
  /** Not included. */
  readonly untilAt: number;
}

export interface Span {
  readonly fromAt: number;
  /** Not included. */
  readonly untilAt: number;
}

/** Rounded up to a border of stretches of that width. */
export function ceilTo(at: number, widthMs: number): number {
  const floor = bucketOf(at, widthMs);
  return floor === at ? at : floor + widthMs;
}

/** The widest level whose stretches fill one of `bucketMs` exactly; `raw` if none does. */
export function sourceFor(bucketMs: number): Source {
  return ROLLUP_LEVELS.findLast(({ widthMs }) => bucketMs % widthMs === 0)?.level ?? 'raw';
}

/**
 * The span that can be told of: widened to whole stretches where what is finer has been removed because of its age,
 * and cut where nothing is left.
 */
export function tellable({ fromAt, untilAt }: Span, held: Held): Span {
  const oldest = held.levelFromAt.at(-1) ?? 0;
  const widest = ROLLUP_LEVELS.at(-1)?.widthMs ?? 1;
  const from = Math.max(fromAt, Math.min(held.rawFromAt, ceilTo(oldest, widest)));
  return { fromAt: bucketOf(from, finestAt(from, held)), untilAt: ceilTo(untilAt, finestAt(untilAt, held)) };
}

/** The width of the finest source that still tells of a moment. */
function finestAt(at: number, held: Held): number {
  if (at >= held.rawFromAt) return 1;
  const level = ROLLUP_LEVELS.find(
    ({ level: one, widthMs }) => bucketOf(at, widthMs) >= (held.levelFromAt[one] ?? 0),
  );
  return level?.widthMs ?? 1;
}

/**
 * Covers the span without a hole and without telling anything twice, in order of time, from `top` down. What is not
 * rolled up yet is told by the readings themselves.
 */
export function stretchesOf(span: Span, top: Source, unrolled?: Span): Stretch[] {
  if (unrolled === undefined) return rolledUp(span, top);
  const { fromAt, untilAt } = span;
  const raw = { fromAt: Math.max(fromAt, unrolled.fromAt), untilAt: Math.min(untilAt, unrolled.untilAt) };
  if (raw.fromAt >= raw.untilAt) return rolledUp(span, top);
  return [
    ...rolledUp({ fromAt, untilAt: raw.fromAt }, top),
    { source: 'raw', ...raw },
    ...rolledUp({ fromAt: raw.untilAt, untilAt }, top),
  ];
}

function rolledUp(span: Span, top: Source): Stretch[] {
  const { fromAt, untilAt } = span;
  if (fromAt >= untilAt) return [];
  const level = ROLLUP_LEVELS.find((one) => one.level === top);
  if (top === 'raw' || level === undefined) return [{ source: 'raw', ...span }];
  const { widthMs } = level;
  const below: Source = level.level === 0 ? 'raw' : level.level - 1;
  const [wholeFrom, wholeUntil] = [ceilTo(fromAt, widthMs), bucketOf(untilAt, widthMs)];
  if (wholeFrom >= wholeUntil) return rolledUp(span, below);
  return [
    ...rolledUp({ fromAt, untilAt: wholeFrom }, below),
    { source: top, fromAt: wholeFrom, untilAt: wholeUntil },
    ...rolledUp({ fromAt: wholeUntil, untilAt }, below),
  ];
}
