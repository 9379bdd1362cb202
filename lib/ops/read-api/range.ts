/**
 * Series over a time, as densely as somebody can use: the readings themselves if they are few enough, else the
 * minute, the hour or the day, whichever is the finest that fits; beyond that, several days.
 */

import { bucketOf, ROLLUP_LEVELS } from '../../flow/write-api/store/rollup.ts';
import type { AskStore, Held, Position, ReadingRow } from '../../flow/write-api/store/store-looks.ts';
import { summedUp } from './aggregate.ts';
import type { BucketRow } from './buckets.ts';
import { type Charted, chartedSeries, namesOf, type SeriesFilter } from './charted.ts';
import { ANSWER_ROWS_MAX, LOOK_ROWS_MAX } from './limits.ts';
import { ceilTo, type Span, tellable } from './stretches.ts';
import { justBefore } from './summaries.ts';

/** What is told of a reading; of a thinned one its count, min and max are those of what it stands for. */
export const RAW_COLUMNS = ['at', 'value', 'flags', 'count', 'min', 'max'] as const;
export type RawRow = readonly [
  at: number,
  value: number,
  flags: number,
  count: number,
  min: number,
  max: number,
];

export const RESOLUTIONS = ['auto', 'raw', ...ROLLUP_LEVELS.map(({ name }) => name)] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface RangeQuestion extends SeriesFilter, Span {
  readonly resolution: Resolution;
  /** For `auto`: at most so many of each series. */
  readonly points: number;
  /** For `raw`: at most so many in all. */
  readonly limit: number;
  readonly after?: RawPlace | undefined;
}

/** Where a page of readings has ended: the series and the reading. */
export interface RawPlace extends Position {
  readonly id: number;
}

interface Ranged<Row> {
  readonly span: Span;
  readonly series: readonly (ReturnType<typeof namesOf> & { readonly points: readonly Row[] })[];
}
export type RangeAnswer =
  | (Ranged<RawRow> & { readonly kind: 'raw'; readonly next?: RawPlace })
  | (Ranged<BucketRow> & { readonly kind: 'steps'; readonly stepMs: number });

/** Throws `series_unknown`, `too_many_series`, `too_many_points`. */
export async function range(ask: AskStore, question: RangeQuestion): Promise<RangeAnswer> {
  const { resolution, points, limit, after, fromAt, untilAt, ...filter } = question;
  const charted = await chartedSeries(ask, filter);
  const span = { fromAt, untilAt };
  if (resolution === 'raw') return rawPage(ask, charted, span, { limit, after });
  if (resolution === 'auto') {
    const raw = await rawIfFew(ask, charted, span, points);
    if (raw !== undefined) return raw;
  }
  const level = ROLLUP_LEVELS.find(({ name }) => name === resolution);
  return inSteps(ask, charted, span, level?.widthMs ?? stepFor(span, points, charted.held));
}

/** Whole steps, the first and the last wider than asked for: so each of them says the same whoever asks. */
async function inSteps(ask: AskStore, charted: Charted, span: Span, stepMs: number): Promise<RangeAnswer> {
  const whole = { fromAt: bucketOf(span.fromAt, stepMs), untilAt: ceilTo(span.untilAt, stepMs) };
  const answer = await summedUp(ask, charted, tellable(whole, charted.held), stepMs);
  return { kind: 'steps', ...answer, stepMs };
}

/** The finest step of which there are few enough, and which is still held. */
function stepFor({ fromAt, untilAt }: Span, points: number, held: Held): number {
  const fits = ROLLUP_LEVELS.find(
    ({ level, widthMs }) =>
      (ceilTo(untilAt, widthMs) - bucketOf(fromAt, widthMs)) / widthMs <= points &&
      bucketOf(fromAt, widthMs) >= (held.levelFromAt[level] ?? 0),
  );
  if (fits !== undefined) return fits.widthMs;
  const dayMs = ROLLUP_LEVELS[2].widthMs;
  // One step more than the span has, because borders of steps lie where they lie.
  return dayMs * Math.max(1, Math.ceil((untilAt - fromAt) / dayMs / Math.max(1, points - 1)));
}

/** Where minutes fit, readings may: looked at with one look for each series, given up with the first that has more. */
async function rawIfFew(
  ask: AskStore,
  { series, held }: Charted,
  span: Span,
  points: number,
): Promise<RangeAnswer | undefined> {
  const { fromAt, untilAt } = span;
  const minuteMs = ROLLUP_LEVELS[0].widthMs;
  if (fromAt < held.rawFromAt || (untilAt - fromAt) / minuteMs > points) return undefined;
  const found: Ranged<RawRow>['series'][number][] = [];
  let rowsLeft = ANSWER_ROWS_MAX;
  for (const one of series) {
    const { rows } = await ask('rows', { id: one.id, after: justBefore(fromAt), untilAt, limit: points + 1 });
    rowsLeft -= rows.length;
    if (rows.length > points || rowsLeft < 0) return undefined;
    found.push({ ...namesOf(one), points: rows.map(rawRow) });
  }
  return { kind: 'raw', span, series: found };
}

async function rawPage(
  ask: AskStore,
  { series, held }: Charted,
  { fromAt, untilAt }: Span,
  { limit, after }: { readonly limit: number; readonly after: RawPlace | undefined },
): Promise<RangeAnswer> {
  const span = { fromAt: Math.max(fromAt, held.rawFromAt), untilAt };
  const found: Ranged<RawRow>['series'][number][] = [];
  const from =
    after === undefined
      ? 0
      : Math.max(
          0,
          series.findIndex(({ id }) => id === after.id),
        );
  let left = limit;
  for (const [index, one] of series.slice(from).entries()) {
    const points: RawRow[] = [];
    let place: Position | undefined = index === 0 && after !== undefined ? after : justBefore(span.fromAt);
    while (place !== undefined) {
      const asked = Math.min(left, LOOK_ROWS_MAX);
      const page: { rows: readonly ReadingRow[]; next?: Position } = await ask('rows', {
        id: one.id,
        after: place,
        untilAt,
        limit: asked,
      });
      for (const row of page.rows) points.push(rawRow(row));
      left -= page.rows.length;
      place = page.next;
      if (left > 0 || place === undefined) continue;
      found.push({ ...namesOf(one), points });
      return { kind: 'raw', span, series: found, next: { id: one.id, ...place } };
    }
    found.push({ ...namesOf(one), points });
    if (left > 0) continue;
    const following = series[from + index + 1];
    if (following === undefined) break;
    return { kind: 'raw', span, series: found, next: { id: following.id, ...justBefore(span.fromAt) } };
  }
  return { kind: 'raw', span, series: found };
}

function rawRow({ at, value, flags, thinned }: ReadingRow): RawRow {
  const { count, min, max } = thinned ?? { count: 1, min: value, max: value };
  return [at, value, flags, count, min, max];
}
