/**
 * Times without readings, of each series by itself. A gap that is longer than a minute cannot lie within one, so
 * it lies between two minutes that have readings, and rollups know when their first and their last was: the
 * answer is exact, and nobody walks over millions of readings for it. What is left to read is bounded for each answer:
 * if nobody says how long a gap must be, over a long time it must be longer; if somebody does, the answer is told in
 * pages.
 */

import { ROLLUP_LEVELS } from '../../flow/write-api/store/rollup.ts';
import type { AskStore, SeriesRow, Summary } from '../../flow/write-api/store/store-looks.ts';
import { type Charted, chartedSeries, namesOf, type SeriesFilter } from './charted.ts';
import { ANSWER_ROWS_READ_MAX, GAPS_MAX } from './limits.ts';
import { type Source, type Span, tellable } from './stretches.ts';
import { justBefore, summariesOf } from './summaries.ts';

/** Neither end may be a reading: the time that was asked for begins, or ends, without one. */
export interface Gap {
  readonly fromAt: number;
  readonly untilAt: number;
  readonly begunBefore: boolean;
  readonly goesOn: boolean;
}

export interface SeriesGaps extends ReturnType<typeof namesOf> {
  readonly longerThanMs: number;
  readonly gaps: readonly Gap[];
}

export interface GapsQuestion extends SeriesFilter, Span {
  /** Left out: two and a half times what is usual between two readings of the series, and over a long time more. */
  readonly longerThanMs?: number | undefined;
  /** Goes on where an answer has ended, with the end of the span that it was for. */
  readonly after?: GapsPlace | undefined;
}

/** Where an answer has ended: within a series, or at the beginning of one. */
export interface GapsPlace {
  readonly id: number;
  /** Up to when there are readings, or have been looked for. */
  readonly coveredAt: number;
  /** Whether the last thing before it is a reading. */
  readonly isReading: boolean;
  readonly fromAt: number;
  readonly untilAt: number;
}

export interface GapsAnswer {
  readonly span: Span;
  readonly series: readonly SeriesGaps[];
  /** There is more. */
  readonly next?: GapsPlace;
}

/** One reading that is missing is two intervals; half an interval is jitter. */
const INTERVALS_MAX = 2.5;
/** What is usual shows in so many readings. */
const USUAL_ROWS = 200;
/** Of a series with a single reading. */
const USUAL_MS = 60_000;

/** How much one answer reads, and how much it holds. */
interface Budget {
  rows: number;
  gaps: number;
}

/** Throws `series_unknown`, `too_many_series`. */
export async function gaps(
  ask: AskStore,
  question: GapsQuestion,
  most: Budget = { rows: ANSWER_ROWS_READ_MAX, gaps: GAPS_MAX },
): Promise<GapsAnswer> {
  const { longerThanMs, fromAt, untilAt, after, ...filter } = question;
  const charted = await chartedSeries(ask, filter);
  // Widened to whole minutes or hours it would begin before what was asked for, and find a gap there.
  const from = Math.max(fromAt, tellable({ fromAt, untilAt }, charted.held).fromAt);
  const span = after === undefined ? { fromAt: from, untilAt } : after;
  const budget = { ...most };
  const rowsMax = most.rows / charted.series.length;
  const found: SeriesGaps[] = [];
  const first = Math.max(
    0,
    charted.series.findIndex(({ id }) => id === after?.id),
  );
  for (const one of charted.series.slice(first)) {
    const begun = { id: one.id, coveredAt: span.fromAt, isReading: false };
    const place = { ...(after?.id === one.id ? after : begun), fromAt: span.fromAt, untilAt: span.untilAt };
    if (budget.rows <= 0 || budget.gaps <= 0) return { span, series: found, next: place };
    const limitMs = longerThanMs ?? (await usualLimit(ask, one, span, rowsMax));
    const { gaps: ofOne, next } = await gapsOf(ask, charted, { place, limitMs, budget });
    found.push({ ...namesOf(one), longerThanMs: limitMs, gaps: ofOne });
    if (next !== undefined) return { span, series: found, next };
  }
  return { span, series: found };
}

/** The limit of a series if nobody has set one: what it takes for its share of the answer to be read. */
async function usualLimit(ask: AskStore, one: SeriesRow, span: Span, rowsMax: number): Promise<number> {
  const usual = await usualMs(ask, one, span);
  const stepMs = (span.untilAt - span.fromAt) / rowsMax;
  if (usual >= stepMs) return INTERVALS_MAX * usual;
  const level = ROLLUP_LEVELS.find(({ widthMs }) => widthMs >= stepMs) ?? ROLLUP_LEVELS.at(-1);
  return Math.max(INTERVALS_MAX * usual, level?.widthMs ?? 0);
}

/** The median distance of readings in the span; a source that is configured otherwise may change it later. */
async function usualMs(ask: AskStore, { id }: SeriesRow, { fromAt, untilAt }: Span): Promise<number> {
  const { rows } = await ask('rows', { id, after: justBefore(fromAt), untilAt, limit: USUAL_ROWS });
  const distances = rows.slice(1).map((row, i) => row.at - (rows[i]?.at ?? row.at));
  const apart = distances.filter((ms) => ms > 0).sort((a, b) => a - b);
  return apart[Math.floor(apart.length / 2)] ?? USUAL_MS;
}

/** The widest stretches in which no gap of that length can hide. */
function sourceForGaps(limitMs: number): Source {
  return ROLLUP_LEVELS.findLast(({ widthMs }) => widthMs <= limitMs)?.level ?? 'raw';
}

interface GapLook {
  readonly place: GapsPlace;
  readonly limitMs: number;
  /** Used up on the way. */
  readonly budget: Budget;
}

async function gapsOf(
  ask: AskStore,
  { held }: Charted,
  { place, limitMs, budget }: GapLook,
): Promise<{ readonly gaps: Gap[]; readonly next?: GapsPlace }> {
  const found: Gap[] = [];
  const { id, untilAt } = place;
  let { coveredAt, isReading } = place;
  // Behind a reading it begins with that reading, which is no gap.
  const span = { fromAt: coveredAt, untilAt };
  for await (const page of summariesOf(ask, id, span, { top: sourceForGaps(limitMs), held })) {
    for (const { firstAt, lastAt } of inStretches(page)) {
      if (firstAt - coveredAt > limitMs) {
        found.push({ fromAt: coveredAt, untilAt: firstAt, begunBefore: !isReading, goesOn: false });
        budget.gaps -= 1;
      }
      coveredAt = Math.max(coveredAt, lastAt);
      isReading = true;
      if (budget.gaps <= 0) return { gaps: found, next: { ...place, coveredAt, isReading } };
    }
    budget.rows -= page.length;
    // A place that has not moved would be asked about again for ever: then one page more is read.
    const hasMoved = coveredAt > place.coveredAt || isReading !== place.isReading;
    if (budget.rows <= 0 && hasMoved) return { gaps: found, next: { ...place, coveredAt, isReading } };
  }
  if (untilAt - coveredAt > limitMs)
    found.push({ fromAt: coveredAt, untilAt, begunBefore: !isReading, goesOn: true });
  return { gaps: found };
}

/** Of a stretch with several kinds of remarks when its first and its last reading was. */
function* inStretches(page: readonly Summary[]): Generator<Pick<Summary, 'at' | 'firstAt' | 'lastAt'>> {
  let open: Pick<Summary, 'at' | 'firstAt' | 'lastAt'> | undefined;
  for (const { at, firstAt, lastAt } of page) {
    if (open?.at === at) {
      open = { at, firstAt: Math.min(open.firstAt, firstAt), lastAt: Math.max(open.lastAt, lastAt) };
      continue;
    }
    if (open !== undefined) yield open;
    open = { at, firstAt, lastAt };
  }
  if (open !== undefined) yield open;
}
