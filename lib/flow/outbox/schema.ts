/**
 * The tables of the outbox file as drizzle sees them: row types, and the queries that are not hot. How they are made
 * is in `migrations.ts`, and `schema.test.ts` holds the two together.
 */

import { index, integer, primaryKey, real, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core';
import { GONE_CAUSES } from '../reading.ts';
import type { SilenceCause } from '../silence.ts';

export { OUTBOX_MIGRATIONS } from './migrations.ts';

/** "SgwO": how a file says that it is an outbox. */
export const OUTBOX_APPLICATION_ID = 0x5367_774f;

/** A stream is the seqs `first_seq` to `next_seq - 1`. The one with the highest ordinal is still growing. */
export const streams = sqliteTable('streams', {
  ordinal: integer('ordinal').primaryKey(),
  id: text('id').notNull().unique(),
  firstSeq: integer('first_seq').notNull(),
  /** Kept, not derived: rows leave, and a seq must never be assigned twice. */
  nextSeq: integer('next_seq').notNull(),
  bornAt: integer('born_at').notNull(),
  /** Over all but `born_at`; see `lib/base/cell-checksum.ts`. */
  crc: integer('crc').notNull(),
});

/** Monotonic time counts from a boot, and means nothing without knowing which. */
export const boots = sqliteTable('boots', {
  id: integer('id').primaryKey(),
  bootId: text('boot_id').notNull().unique(),
});

export const series = sqliteTable(
  'series',
  {
    id: integer('id').primaryKey(),
    sensor: text('sensor').notNull(),
    metric: text('metric').notNull(),
    unit: text('unit').notNull(),
  },
  (table) => [unique().on(table.sensor, table.metric, table.unit)],
);

/** Rows leave each tier (`tiers.ts`) at its front only; behind one that was put back there are holes (`absent.ts`). */
export const readings = sqliteTable('readings', {
  seq: integer('seq').primaryKey(),
  series: integer('series').notNull(),
  at: integer('at').notNull(),
  value: real('value').notNull(),
  monoMs: integer('mono_ms').notNull(),
  flags: integer('flags').notNull(),
  boot: integer('boot').notNull(),
  /** See `row-checksum.ts`. */
  crc: integer('crc').notNull(),
  /** What a thinned row stands for (`thinned-text.ts`); null for a reading as it was accepted. */
  thinned: text('thinned'),
});

/** Every destination that was ever configured; one that is not any more holds no rows back. */
export const destinations = sqliteTable('destinations', {
  name: text('name').primaryKey(),
  configured: integer('configured', { mode: 'boolean' }).notNull(),
  /** The entry of `gone` up to which it has been told. */
  goneTold: integer('gone_told').notNull(),
  /** The first seq that it was ever owed: rows before had left when it was configured. */
  sinceSeq: integer('since_seq').notNull(),
  /** Over the others; see `destination-rows.ts`. */
  crc: integer('crc').notNull(),
  /** As `sinceSeq`, of the rows of a minute and of ten. */
  sinceMinute: integer('since_minute').notNull(),
  sinceTenMinutes: integer('since_ten_minutes').notNull(),
});

/** Streams of which a destination has more than was ever assigned here: another copy of this file went on. */
export const rollbacks = sqliteTable(
  'rollbacks',
  {
    destination: text('destination').notNull(),
    stream: text('stream').notNull(),
    /** The highest seq that was assigned here, and the highest that it has received. */
    ours: integer('ours').notNull(),
    theirs: integer('theirs').notNull(),
    notedAt: integer('noted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.destination, table.stream] })],
);

/** Seqs that will never come: to nobody, or with a destination, only to that one. See `gone.ts`. */
export const gone = sqliteTable(
  'gone',
  {
    id: integer('id').primaryKey(),
    stream: text('stream').notNull(),
    destination: text('destination'),
    lo: integer('lo').notNull(),
    hi: integer('hi').notNull(),
    cause: text('cause', { enum: GONE_CAUSES }).notNull(),
    at: integer('at').notNull(),
    /** Over all the others, in this order. */
    crc: integer('crc').notNull(),
  },
  (table) => [index('gone_reach').on(table.stream, table.hi)],
);

/** The boot that monotonic times count from at present: one row. See `clock-book.ts`. */
export const bootClocks = sqliteTable('boot_clocks', {
  bootId: text('boot_id').primaryKey(),
  /** Wall minus monotonic time when the clock was last trusted in this boot; null: it never was. */
  trustedOffsetMs: integer('trusted_offset_ms'),
});

/** Rows of this boot whose times nobody has vouched for. See `untrusted.ts`. */
export const untrusted = sqliteTable('untrusted', {
  lo: integer('lo').primaryKey(),
  hi: integer('hi').notNull(),
  offsetMs: integer('offset_ms').notNull(),
  fromAt: integer('from_at').notNull(),
  toAt: integer('to_at').notNull(),
});

/** By how much readings that a destination has are to be moved, as far as it has not been told. See `corrections.ts`. */
export const corrections = sqliteTable(
  'corrections',
  {
    destination: text('destination').notNull(),
    lo: integer('lo').notNull(),
    stream: text('stream').notNull(),
    hi: integer('hi').notNull(),
    offsetMs: integer('offset_ms').notNull(),
    fromAt: integer('from_at').notNull(),
    toAt: integer('to_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.destination, table.lo] })],
);

/** The closed ranges that a destination has acknowledged; below the first row that is all of them. */
export const acknowledged = sqliteTable(
  'acknowledged',
  {
    destination: text('destination').notNull(),
    lo: integer('lo').notNull(),
    hi: integer('hi').notNull(),
    /** Over the others. */
    crc: integer('crc').notNull(),
  },
  (table) => [primaryKey({ columns: [table.destination, table.lo] })],
);

/** Complete in themselves, so that they outlive the rows, series and boots they came from. */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    destination: text('destination').notNull(),
    seq: integer('seq').notNull(),
    stream: text('stream').notNull(),
    sensor: text('sensor').notNull(),
    metric: text('metric').notNull(),
    unit: text('unit').notNull(),
    at: integer('at').notNull(),
    value: real('value').notNull(),
    monoMs: integer('mono_ms').notNull(),
    flags: integer('flags').notNull(),
    bootId: text('boot_id').notNull(),
    code: text('code').notNull(),
    message: text('message').notNull(),
    buriedAt: integer('buried_at').notNull(),
    /** As in `readings`. */
    thinned: text('thinned'),
    /** Over all the others, in this order. */
    crc: integer('crc').notNull(),
  },
  (table) => [primaryKey({ columns: [table.destination, table.seq] })],
);

const BREAKER_STATES = ['closed', 'open', 'half_open'] as const;

export const breakers = sqliteTable('breakers', {
  destination: text('destination').primaryKey(),
  state: text('state', { enum: BREAKER_STATES }).notNull(),
  streak: integer('streak').notNull(),
  step: integer('step').notNull(),
  reason: text('reason').notNull(),
  sinceAt: integer('since_at').notNull(),
  held: integer('held', { mode: 'boolean' }).notNull(),
  nextTryAt: integer('next_try_at'),
});

/** Times without readings, between two seqs; see `silences.ts`. */
export const silences = sqliteTable('silences', {
  id: integer('id').primaryKey(),
  cause: text('cause').$type<SilenceCause>().notNull(),
  sensor: text('sensor'),
  afterSeq: integer('after_seq').notNull(),
  untilSeq: integer('until_seq'),
  fromAt: integer('from_at').notNull(),
  toAt: integer('to_at'),
  detail: text('detail').notNull(),
});

/** Every sensor that was ever read, with the interval that it is read at. */
export const sensors = sqliteTable('sensors', {
  sensor: text('sensor').primaryKey(),
  source: text('source').notNull(),
  intervalMs: integer('interval_ms').notNull(),
});

const OUTCOME_KINDS = ['stored', 'refused', 'misconfigured', 'unavailable'] as const;

/** What each destination answered last, written when it begins to answer something else. */
export const outcomes = sqliteTable('outcomes', {
  destination: text('destination').primaryKey(),
  kind: text('kind', { enum: OUTCOME_KINDS }).notNull(),
  reason: text('reason').notNull(),
  sinceAt: integer('since_at').notNull(),
});

export const breakerTransitions = sqliteTable('breaker_transitions', {
  id: integer('id').primaryKey(),
  destination: text('destination').notNull(),
  fromState: text('from_state', { enum: BREAKER_STATES }).notNull(),
  toState: text('to_state', { enum: BREAKER_STATES }).notNull(),
  at: integer('at').notNull(),
  reason: text('reason').notNull(),
  step: integer('step').notNull(),
});
