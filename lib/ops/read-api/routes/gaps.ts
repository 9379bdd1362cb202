/** `GET /api/v1/gaps`: when there are no readings although there should be. */

import { cursorOf, readCursor } from '../cursor.ts';
import { type GapsPlace, gaps } from '../gaps.ts';
import { readProblem } from '../problem.ts';
import { jsonRoute, spanOf } from '../route.ts';
import { GapsAnswer, GapsQuery } from '../schemas.ts';
import { parseWholeDuration } from '../times.ts';

export const gapsRoute = jsonRoute({
  url: '/api/v1/gaps',
  about: 'Times without readings, of each series. Why, the machine that measured knows: sensorctl gaps.',
  query: GapsQuery,
  answer: GapsAnswer,
  async body({ since, until, longer_than: longerThan, cursor, ...filter }, api) {
    const longerThanMs = longerThan === undefined ? undefined : parseWholeDuration(longerThan);
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const answer = await gaps(api.ask, { ...filter, ...spanOf({ since, until }, api), longerThanMs, after });
    const { span, next } = answer;
    const series = answer.series.map(({ gaps: found, ...one }) => ({
      ...one,
      gaps: found.map(({ fromAt, untilAt, ...rest }) => ({ since: fromAt, until: untilAt, ...rest })),
    }));
    const more = next === undefined ? {} : { next: cursorOf(partsOf(next)) };
    return { since: span.fromAt, until: span.untilAt, series, ...more };
  },
});

function partsOf({ id, coveredAt, isReading, fromAt, untilAt }: GapsPlace): number[] {
  return [id, coveredAt, isReading ? 1 : 0, fromAt, untilAt];
}

function placeOf(cursor: string): GapsPlace {
  const parts = readCursor(cursor, ['whole', 'whole', 'whole', 'whole', 'whole']);
  const [id = 0, coveredAt = 0, reading = 0, fromAt = 0, untilAt = 0] = parts?.map(Number) ?? [];
  if (parts === undefined || fromAt >= untilAt || coveredAt < fromAt || coveredAt > untilAt)
    throw readProblem('query_invalid', 'cursor is not the "next" of such an answer');
  return { id, coveredAt, isReading: reading === 1, fromAt, untilAt };
}
