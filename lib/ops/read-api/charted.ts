/** The few series that a question with points is about, and what of them there is. */

import type { AskStore, Held, SeriesLook, SeriesRow } from '../../flow/write-api/store/store-looks.ts';
import { CHARTED_SERIES_MAX } from './limits.ts';
import { readProblem } from './problem.ts';

export type SeriesFilter = Pick<SeriesLook, 'gateway' | 'sensor' | 'metric' | 'unit'>;

export interface Charted {
  readonly series: readonly SeriesRow[];
  readonly held: Held;
}

/** Throws `series_unknown` or `too_many_series`. */
export async function chartedSeries(ask: AskStore, filter: SeriesFilter): Promise<Charted> {
  const series = await ask('series', { ...filter, limit: CHARTED_SERIES_MAX + 1 });
  const wanted = Object.entries(filter).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const about = wanted.length === 0 ? 'every series' : wanted.join(' and ');
  if (series.length === 0) throw readProblem('series_unknown', `nothing is stored of ${about}`);
  if (series.length > CHARTED_SERIES_MAX)
    throw readProblem('too_many_series', `${about} are more than ${CHARTED_SERIES_MAX} series`);
  return { series, held: await ask('held') };
}

/** The names of a series, as every answer says them. */
export function namesOf({
  gateway,
  sensor,
  metric,
  unit,
}: SeriesRow): Pick<SeriesRow, 'gateway' | 'sensor' | 'metric' | 'unit'> {
  return { gateway, sensor, metric, unit };
}
