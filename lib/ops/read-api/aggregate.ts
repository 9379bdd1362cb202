/** Series summed up in stretches of one width, or as a whole: exact, whatever lies at the edges. */

import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import { type BucketRow, createBuckets } from './buckets.ts';
import { type Charted, chartedSeries, namesOf, type SeriesFilter } from './charted.ts';
import { ANSWER_ROWS_MAX } from './limits.ts';
import { readProblem } from './problem.ts';
import { type Source, type Span, sourceFor, tellable } from './stretches.ts';
import { summariesOf } from './summaries.ts';

/** The widest source: days. */
const WIDEST: Source = sourceFor(86_400_000);

export interface Aggregated {
  /** What is told of: wider than asked for where only rollups are left, shorter where nothing is. */
  readonly span: Span;
  readonly series: readonly (SeriesNames & { readonly points: readonly BucketRow[] })[];
}
type SeriesNames = ReturnType<typeof namesOf>;

export interface AggregateQuestion extends SeriesFilter, Span {
  /** Left out: all in one. */
  readonly bucketMs?: number | undefined;
}

/** Throws `series_unknown`, `too_many_series`, `too_many_points`. */
export async function aggregate(ask: AskStore, question: AggregateQuestion): Promise<Aggregated> {
  const { bucketMs, fromAt, untilAt, ...filter } = question;
  const charted = await chartedSeries(ask, filter);
  return summedUp(ask, charted, tellable({ fromAt, untilAt }, charted.held), bucketMs);
}

/** The same of series that are known already, over a span that can be told of. */
export async function summedUp(
  ask: AskStore,
  { series, held }: Charted,
  span: Span,
  bucketMs: number | undefined,
): Promise<Aggregated> {
  const each = bucketMs === undefined ? 1 : Math.ceil((span.untilAt - span.fromAt) / bucketMs) + 1;
  if (each * series.length > ANSWER_ROWS_MAX) {
    const detail = `${series.length} series with up to ${each} points each are more than ${ANSWER_ROWS_MAX} points`;
    throw readProblem('too_many_points', detail);
  }
  const top = bucketMs === undefined ? WIDEST : sourceFor(bucketMs);
  const found: Aggregated['series'][number][] = [];
  for (const one of series) {
    const buckets = createBuckets(span.fromAt, bucketMs);
    for await (const page of summariesOf(ask, one.id, span, { top, held })) {
      for (const summary of page) buckets.add(summary);
    }
    found.push({ ...namesOf(one), points: buckets.rows() });
  }
  return { span, series: found };
}
