/** What the invariants of suspect values share: series by `source/sensor/metric`, and what the reader says of each. */

import type { Case, Verdict } from './invariant.ts';
import type { Look, SeriesLook } from './look.ts';
import { sourceIn } from './sources.ts';

export function seriesOf({ reader }: Look): readonly string[] {
  return reader?.sources.flatMap(({ name, series }) => series.map((one) => subjectOf(name, one))) ?? [];
}

function subjectOf(source: string, { sensor, metric }: SeriesLook): string {
  return `${source}/${sensor}/${metric}`;
}

/**
 * The series of a subject, or the verdict where there is nothing to judge: a series without a suspect value since
 * the start is not told of by the reader, and is well.
 */
export function seriesIn(look: Look, subject: string): SeriesLook | Verdict {
  const [name = ''] = subject.split('/');
  const seen = sourceIn(look, name);
  if (typeof seen === 'string') return seen;
  const { failures, series } = seen.source;
  if (failures > 0) return 'unknown';
  return series.find((one) => subjectOf(name, one) === subject) ?? 'whole';
}

/** Broken while the latest value fails this check. */
export function judgeLatest({ look, subject }: Case, check: string, what: string): Verdict {
  const series = seriesIn(look, subject);
  if (typeof series === 'string' || !('metric' in series)) return series;
  const { sensor, metric, suspect, counts } = series;
  if (suspect?.check !== check) return 'whole';
  return {
    title: `${metric} of ${sensor} ${what}: the latest value ${suspect.message}`,
    evidence: { suspect: suspect.message, counts },
  };
}
