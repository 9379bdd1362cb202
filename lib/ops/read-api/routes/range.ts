/** `GET /api/v1/range` and `GET /api/v1/aggregate`: series over a time, and summed up. */

import { ROLLUP_LEVELS } from '../../../flow/write-api/store/rollup.ts';
import { aggregate } from '../aggregate.ts';
import { BUCKET_COLUMNS } from '../buckets.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import { readProblem } from '../problem.ts';
import { RAW_COLUMNS, type RawPlace, range } from '../range.ts';
import { jsonRoute, spanOf } from '../route.ts';
import { AggregateAnswer, AggregateQuery, RangeAnswer, RangeQuery } from '../schemas.ts';
import { parseWholeDuration } from '../times.ts';

export const rangeRoute = jsonRoute({
  url: '/api/v1/range',
  about: 'Series over a time, as finely as fits: readings, or what each minute, hour or day was like.',
  query: RangeQuery,
  answer: RangeAnswer,
  async body({ since, until, cursor, ...query }, api) {
    if (cursor !== undefined && query.resolution !== 'raw')
      throw readProblem('query_invalid', 'cursor goes with resolution=raw; every other answer is whole');
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const answer = await range(api.ask, { ...query, ...spanOf({ since, until }, api), after });
    const { span, series } = answer;
    const looked = { since: span.fromAt, until: span.untilAt };
    if (answer.kind === 'raw') {
      const { next } = answer;
      const more = next === undefined ? {} : { next: cursorOf([next.id, next.at, next.stream, next.seq]) };
      return { ...looked, resolution: 'raw', stepMs: 0, columns: RAW_COLUMNS, series, ...more };
    }
    const { stepMs } = answer;
    const level = ROLLUP_LEVELS.find(({ widthMs }) => widthMs === stepMs);
    return { ...looked, resolution: level?.name ?? 'days', stepMs, columns: BUCKET_COLUMNS, series };
  },
});

function placeOf(cursor: string): RawPlace {
  const parts = readCursor(cursor, ['whole', 'whole', 'whole', 'whole']);
  if (parts === undefined) throw readProblem('query_invalid', 'cursor is not the "next" of such an answer');
  const [id = 0, at = 0, stream = 0, seq = 0] = parts.map(Number);
  return { id, at, stream, seq };
}

export const aggregateRoute = jsonRoute({
  url: '/api/v1/aggregate',
  about: 'Series summed up, as a whole or in stretches of one width; exact at both ends.',
  query: AggregateQuery,
  answer: AggregateAnswer,
  async body({ since, until, bucket, ...filter }, api) {
    const bucketMs = bucket === undefined ? undefined : parseWholeDuration(bucket);
    const { span, series } = await aggregate(api.ask, {
      ...filter,
      ...spanOf({ since, until }, api),
      bucketMs,
    });
    const looked = { since: span.fromAt, until: span.untilAt };
    return { ...looked, bucketMs: bucketMs ?? null, columns: BUCKET_COLUMNS, series };
  },
});
