/**
 * The tables of a store in PostgreSQL for drizzle: the types of their rows. What a database is made of is in
 * `schema.ts`; whoever only needs that does not load drizzle.
 */

import {
  bigint,
  bigserial,
  customType,
  doublePrecision,
  integer,
  pgSchema,
  primaryKey,
  serial,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import { GONE_CAUSES } from '../../reading.ts';
import type { TimedTable } from './schema.ts';

/** A schema of its own: the database may be somebody else's, too. */
const SCHEMA = 'sensorgw';

const sensorgw = pgSchema(SCHEMA);
/** Exact up to 2^53, and nothing of ours is more. */
const whole = (name?: string) =>
  name === undefined ? bigint({ mode: 'number' }) : bigint(name, { mode: 'number' });
const thinnedOf = customType<{ data: string }>({ dataType: () => `${SCHEMA}.thinned_of` });

const store = sensorgw.table('store', {
  id: integer().primaryKey(),
  stream: text().notNull(),
  rawFromAt: whole('raw_from_at').notNull().default(0),
  minuteFromAt: whole('minute_from_at').notNull().default(0),
  hourFromAt: whole('hour_from_at').notNull().default(0),
  dayFromAt: whole('day_from_at').notNull().default(0),
});

const series = sensorgw.table('series', {
  id: serial().primaryKey(),
  gateway: text().notNull(),
  sensor: text().notNull(),
  metric: text().notNull(),
  unit: text().notNull(),
});

const streams = sensorgw.table('streams', {
  id: serial().primaryKey(),
  stream: text().notNull().unique(),
  gateway: text().notNull(),
  thinnedUpTo: whole('thinned_up_to').notNull().default(0),
  thinnedRows: whole('thinned_rows').notNull().default(0),
  thinnedReadings: whole('thinned_readings').notNull().default(0),
});

const readings = sensorgw.table(
  'readings',
  {
    at: whole().notNull(),
    seq: whole().notNull(),
    value: doublePrecision().notNull(),
    series: integer().notNull(),
    stream: integer().notNull(),
    flags: smallint().notNull(),
    thinned: thinnedOf(),
  },
  (table) => [primaryKey({ columns: [table.series, table.at, table.stream, table.seq] })],
);

const rollupColumns = {
  series: integer().notNull(),
  at: whole().notNull(),
  flags: smallint().notNull(),
  count: whole().notNull(),
  mean: doublePrecision().notNull(),
  min: doublePrecision().notNull(),
  max: doublePrecision().notNull(),
  first: doublePrecision().notNull(),
  firstMs: whole('first_ms').notNull(),
  last: doublePrecision().notNull(),
  lastMs: whole('last_ms').notNull(),
};
const rollupTable = (name: Exclude<TimedTable, 'readings'>) =>
  sensorgw.table(name, rollupColumns, (table) => [
    primaryKey({ columns: [table.series, table.at, table.flags] }),
  ]);

const received = sensorgw.table(
  'received',
  { stream: integer().notNull(), lo: whole().notNull(), hi: whole().notNull() },
  (table) => [primaryKey({ columns: [table.stream, table.lo] })],
);

const gone = sensorgw.table(
  'gone',
  {
    stream: integer().notNull(),
    cause: text({ enum: GONE_CAUSES }).notNull(),
    lo: whole().notNull(),
    hi: whole().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.cause, table.lo] })],
);

const covered = sensorgw.table(
  'covered',
  {
    source: integer().notNull(),
    series: integer().notNull(),
    lo: whole().notNull(),
    hi: whole().notNull(),
  },
  (table) => [primaryKey({ columns: [table.source, table.series, table.lo] })],
);

const corrections = sensorgw.table('corrections', {
  id: bigserial({ mode: 'number' }).primaryKey(),
  stream: integer().notNull(),
  gateway: text().notNull(),
  lo: whole().notNull(),
  hi: whole().notNull(),
  offsetMs: whole('offset_ms').notNull(),
  fromAt: whole('from_at').notNull(),
  toAt: whole('to_at').notNull(),
  series: integer().notNull().default(0),
  at: whole().notNull().default(0),
  atStream: integer('at_stream').notNull().default(0),
  atSeq: whole('at_seq').notNull().default(0),
  done: integer().notNull().default(0),
});

/** All of them, for the test that compares them with a database. */
export const POSTGRES_TABLES = {
  store,
  series,
  streams,
  readings,
  minutes: rollupTable('minutes'),
  hours: rollupTable('hours'),
  days: rollupTable('days'),
  received,
  gone,
  covered,
  corrections,
} as const;
