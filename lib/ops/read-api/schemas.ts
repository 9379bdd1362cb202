/**
 * What can be asked, and what is answered, written once: questions are checked by it, and `/openapi.json` is
 * made of it. Times in answers are whole milliseconds since 1970, UTC.
 */

import { z } from 'zod';
import { FIELDS } from '../../flow/reading.ts';
import { EVENT_TYPES } from '../events/happening.ts';
import { BUCKET_COLUMNS } from './buckets.ts';
import { CURSOR_PATTERN } from './cursor.ts';
import { EXPORT_FORMATS, TIME_FORMS } from './export.ts';
import {
  ANSWER_ROWS_MAX,
  POINTS_DEFAULT,
  POINTS_MAX,
  SERIES_PAGE_DEFAULT,
  SERIES_PAGE_MAX,
} from './limits.ts';
import { RAW_COLUMNS, RESOLUTIONS } from './range.ts';
import { DURATION_RULE, parseTime, parseWholeDuration, TIME_RULE } from './times.ts';

const { name, unit, stream, seq, at } = FIELDS;

const timeText = z
  .string()
  .max(40)
  .refine((text) => parseTime(text, 0) !== undefined, TIME_RULE);
const durationText = z
  .string()
  .max(10)
  .refine((text) => parseWholeDuration(text) !== undefined, DURATION_RULE);
const whole = (max: number) =>
  z.coerce.number<string>(`must be a whole number from 1 to ${max}`).int().min(1).max(max);

const names = {
  gateway: name.optional().describe('Only of this gateway.'),
  sensor: name.optional().describe('Only of this sensor.'),
  metric: name.optional().describe('Only of this metric.'),
  unit: unit.optional().describe('Only in this unit.'),
};
const cursor = z
  .string()
  .regex(CURSOR_PATTERN, 'must be the "next" of an answer before')
  .optional()
  .describe('The `next` of the answer before: goes on where that one ended.');
const span = {
  since: timeText.default('24h').describe(`The first moment. It ${TIME_RULE}.`),
  until: timeText.default('now').describe('The end, itself not included; in the same forms.'),
};
const seriesLimit = whole(SERIES_PAGE_MAX)
  .default(SERIES_PAGE_DEFAULT)
  .describe('At most so many in an answer.');

export const SeriesQuery = z.strictObject({ ...names, limit: seriesLimit, cursor });
export const LatestQuery = z.strictObject({ ...names, limit: seriesLimit, cursor });
export const RangeQuery = z.strictObject({
  ...names,
  ...span,
  resolution: z
    .enum(RESOLUTIONS)
    .default('auto')
    .describe('auto: the finest of which there are no more than `points`.'),
  points: whole(POINTS_MAX).default(POINTS_DEFAULT).describe('For `auto`: at most so many of each series.'),
  limit: whole(ANSWER_ROWS_MAX)
    .default(ANSWER_ROWS_MAX)
    .describe('For `raw`: at most so many readings in an answer.'),
  cursor,
});
export const AggregateQuery = z.strictObject({
  ...names,
  ...span,
  bucket: durationText.optional().describe('One point for each; left out: one for all.'),
});
export const GapsQuery = z.strictObject({
  ...names,
  ...span,
  longer_than: durationText
    .optional()
    .describe('Left out: 2.5 times what is usual between two readings, and over a long time more.'),
  cursor,
});
export const ExportQuery = z.strictObject({
  ...names,
  ...span,
  format: z.enum(EXPORT_FORMATS).default('csv').describe('typed-csv: the first line says types, too.'),
  times: z.enum(TIME_FORMS).default('iso').describe('epoch: whole milliseconds since 1970.'),
});
const EVENT_LIST = `must be one or more of ${EVENT_TYPES.join(', ')}, with commas between them`;
export const EventsQuery = z.strictObject({
  types: z
    .string()
    .max(60)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(EVENT_TYPES, EVENT_LIST)))
    .optional()
    .describe(`Only these: ${EVENT_TYPES.join(', ')}, with commas between them.`),
  gateway: name.optional().describe('Of readings, only those of this gateway.'),
  sensor: name.optional().describe('Of readings, only those of this sensor.'),
  last_event_id: z
    .string()
    .max(60)
    .optional()
    .describe('As the header Last-Event-ID, for clients that cannot set one; the header goes before it.'),
});
export const NoQuery = z.strictObject({});
export const LifeQuery = z.strictObject({
  verbose: z
    .string()
    .max(10)
    .optional()
    .describe('List everything that it needs, also if nothing is missing.'),
});

const keys = { gateway: name, sensor: name, metric: name, unit };
const next = z.string().optional().describe('There is more: ask again with `cursor` set to this.');
const count = z.int().min(0);
const value = z.number().nullable();

export const SeriesAnswer = z.strictObject({ series: z.array(z.strictObject(keys)), next });
export const LatestAnswer = z.strictObject({
  series: z.array(z.strictObject({ ...keys, at, value: z.number(), flags: count, stream, seq })),
  next,
});

const rawPoint = z.tuple([at, z.number(), count, count, z.number(), z.number()]);
const bucketPoint = z.tuple([at, count, value, value, value, value, value, count, count]);
const points = <T extends z.ZodType>(point: T) =>
  z.array(z.strictObject({ ...keys, points: z.array(point).describe('In the order of `columns`.') }));

const looked = { since: at.describe('What is told of; it may be wider than what was asked for.'), until: at };
const columns = <const T extends readonly [string, ...string[]]>(list: T) =>
  z.tuple(list.map((one) => z.literal(one)) as [z.ZodLiteral<string>, ...z.ZodLiteral<string>[]]);

const RawAnswer = z.strictObject({
  ...looked,
  resolution: z.literal('raw'),
  stepMs: z.literal(0),
  columns: columns(RAW_COLUMNS),
  series: points(rawPoint),
  next,
});
const BucketAnswer = z.strictObject({
  ...looked,
  resolution: z.enum(['minute', 'hour', 'day', 'days']),
  stepMs: z.int().min(1),
  columns: columns(BUCKET_COLUMNS),
  series: points(bucketPoint),
});
export const RangeAnswer = z.union([RawAnswer, BucketAnswer]);
export const AggregateAnswer = z.strictObject({
  ...looked,
  bucketMs: z.int().nullable(),
  columns: columns(BUCKET_COLUMNS),
  series: points(bucketPoint),
});
export const GapsAnswer = z.strictObject({
  ...looked,
  series: z.array(
    z.strictObject({
      ...keys,
      longerThanMs: z.number(),
      gaps: z.array(
        z.strictObject({
          since: at.describe('Of the last reading before it.'),
          until: at.describe('Of the first reading behind it.'),
          begunBefore: z.boolean().describe('There is no reading before it in the time that was asked for.'),
          goesOn: z.boolean().describe('There is none behind it.'),
        }),
      ),
    }),
  ),
  next,
});
export const HealthAnswer = z.strictObject({
  status: z.enum(['ok', 'failing']),
  version: z.string(),
  uptimeMs: count,
  store: z.strictObject({
    ok: z.boolean(),
    code: z.string().optional(),
    message: z.string().optional(),
  }),
});
/** OpenAPI's own schema is its own affair. */
export const OpenApiAnswer = z.looseObject({ openapi: z.string() });

/** As in RFC 9457; see `lib/base/http/problem.ts`. */
export const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
});
