/** `GET /api/v1/series` and `GET /api/v1/latest`: what is stored, and the newest reading of each. */

import type { SeriesRow } from '../../../flow/write-api/store/store-looks.ts';
import { namesOf } from '../charted.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import { readProblem } from '../problem.ts';
import { jsonRoute, type ReadApi } from '../route.ts';
import { LatestAnswer, LatestQuery, SeriesAnswer, SeriesQuery } from '../schemas.ts';

interface SeriesPageQuery {
  readonly gateway?: string | undefined;
  readonly sensor?: string | undefined;
  readonly metric?: string | undefined;
  readonly unit?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

async function seriesPage(
  { cursor, limit, ...filter }: SeriesPageQuery,
  { ask }: ReadApi,
): Promise<{ rows: readonly SeriesRow[]; next: { next?: string } }> {
  const after = cursor === undefined ? undefined : placeOf(cursor);
  const found = await ask('series', { ...filter, after, limit: limit + 1 });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  if (found.length <= limit || last === undefined) return { rows, next: {} };
  return { rows, next: { next: cursorOf([last.gateway, last.sensor, last.metric, last.unit]) } };
}

function placeOf(cursor: string): SeriesRow {
  const parts = readCursor(cursor, ['text', 'text', 'text', 'text']);
  if (parts === undefined) throw readProblem('query_invalid', 'cursor is not the "next" of such an answer');
  const [gateway = '', sensor = '', metric = '', unit = ''] = parts.map(String);
  return { id: 0, gateway, sensor, metric, unit };
}

export const seriesRoute = jsonRoute({
  url: '/api/v1/series',
  about: 'Every series: what there are readings of.',
  query: SeriesQuery,
  answer: SeriesAnswer,
  async body(query, api) {
    const { rows, next } = await seriesPage(query, api);
    return { series: rows.map(namesOf), ...next };
  },
});

export const latestRoute = jsonRoute({
  url: '/api/v1/latest',
  about: 'The newest reading of each series.',
  query: LatestQuery,
  answer: LatestAnswer,
  async body(query, api) {
    const { rows, next } = await seriesPage(query, api);
    const readings = await api.ask(
      'latest',
      rows.map(({ id }) => id),
    );
    const byId = new Map(readings.map((one) => [one.id, one]));
    const series = rows.flatMap((one) => {
      const reading = byId.get(one.id);
      if (reading === undefined) return [];
      const { at, value, flags, streamName, seq } = reading;
      return [{ ...namesOf(one), at, value, flags, stream: streamName, seq }];
    });
    return { series, ...next };
  },
});
