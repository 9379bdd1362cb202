/**
 * The tables of the store for drizzle: types, and the queries that are not hot. What a file is made of is in
 * `schema.ts`; whoever only needs that does not load drizzle.
 */

import { integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { GONE_CAUSES } from '../../reading.ts';

export const store = sqliteTable('store', {
  id: integer().primaryKey(),
  stream: text().notNull(),
  thinnedRows: integer('thinned_rows').notNull().default(0),
  thinnedReadings: integer('thinned_readings').notNull().default(0),
  rawFromAt: integer('raw_from_at').notNull().default(0),
  minuteFromAt: integer('minute_from_at').notNull().default(0),
  hourFromAt: integer('hour_from_at').notNull().default(0),
  dayFromAt: integer('day_from_at').notNull().default(0),
});

const series = sqliteTable('series', {
  id: integer().primaryKey(),
  gateway: text().notNull(),
  sensor: text().notNull(),
  metric: text().notNull(),
  unit: text().notNull(),
});

export const streams = sqliteTable('streams', {
  id: integer().primaryKey(),
  stream: text().notNull().unique(),
  gateway: text().notNull(),
});

const readingColumns = {
  series: integer().notNull(),
  at: integer().notNull(),
  stream: integer().notNull(),
  seq: integer().notNull(),
  value: real().notNull(),
  flags: integer().notNull(),
};

const readings = sqliteTable('readings', readingColumns, (table) => [
  primaryKey({ columns: [table.series, table.at, table.stream, table.seq] }),
]);

const recentReadings = sqliteTable('recent_readings', readingColumns);

const received = sqliteTable(
  'received',
  { stream: integer().notNull(), lo: integer().notNull(), hi: integer().notNull() },
  (table) => [primaryKey({ columns: [table.stream, table.lo] })],
);

const gone = sqliteTable(
  'gone',
  {
    stream: integer().notNull(),
    cause: text({ enum: GONE_CAUSES }).notNull(),
    lo: integer().notNull(),
    hi: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.cause, table.lo] })],
);

const thinned = sqliteTable(
  'thinned',
  {
    stream: integer().notNull(),
    seq: integer().notNull(),
    count: integer().notNull(),
    min: real().notNull(),
    max: real().notNull(),
    first: real().notNull(),
    last: real().notNull(),
    spanMs: integer('span_ms').notNull(),
    source: integer().notNull(),
    lo: integer().notNull(),
    hi: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.seq] })],
);

const covered = sqliteTable(
  'covered',
  {
    source: integer().notNull(),
    series: integer().notNull(),
    lo: integer().notNull(),
    hi: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.source, table.series, table.lo] })],
);

const corrections = sqliteTable('corrections', {
  id: integer().primaryKey(),
  stream: integer().notNull(),
  gateway: text().notNull(),
  lo: integer().notNull(),
  hi: integer().notNull(),
  offsetMs: integer('offset_ms').notNull(),
  fromAt: integer('from_at').notNull(),
  toAt: integer('to_at').notNull(),
  series: integer().notNull().default(0),
  at: integer().notNull().default(0),
  atStream: integer('at_stream').notNull().default(0),
  atSeq: integer('at_seq').notNull().default(0),
  done: integer().notNull().default(0),
});

const rollups = sqliteTable(
  'rollups',
  {
    level: integer().notNull(),
    series: integer().notNull(),
    at: integer().notNull(),
    flags: integer().notNull(),
    count: integer().notNull(),
    mean: real().notNull(),
    min: real().notNull(),
    max: real().notNull(),
    first: real().notNull(),
    firstMs: integer('first_ms').notNull(),
    last: real().notNull(),
    lastMs: integer('last_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.level, table.series, table.at, table.flags] })],
);

const unrolled = sqliteTable('unrolled', {
  series: integer().primaryKey(),
  fromAt: integer('from_at').notNull(),
  untilAt: integer('until_at').notNull(),
});

/** All of them, for the test that compares them with a file. */
export const STORE_TABLES = {
  store,
  series,
  streams,
  readings,
  recentReadings,
  received,
  gone,
  thinned,
  covered,
  corrections,
  rollups,
  unrolled,
} as const;
