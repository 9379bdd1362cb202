/**
 * The outbox file: its tables as drizzle sees them (row types, and the queries that are not hot) and as
 * the migrations make them. The SQL is the truth, because drizzle cannot say STRICT or WITHOUT ROWID;
 * `schema.test.ts` holds the two together (docs/decisions/0004-hand-written-migrations.md).
 */

import { index, integer, primaryKey, real, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core';
import type { SilenceCause } from '../flow-event.ts';
import { GONE_CAUSES } from '../reading.ts';

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

/** In each tier (`tiers.ts`) without holes from the first row to the last: rows leave at the front only. */
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

/** The n-th script leads to `user_version` n. One that has been released is never edited. */
export const OUTBOX_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE streams (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    next_seq INTEGER NOT NULL CHECK (next_seq >= first_seq),
    born_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE boots (id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE) STRICT;

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    sensor TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (sensor, metric, unit)
  ) STRICT;

  CREATE TABLE readings (
    seq INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (id),
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    mono_ms INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    boot INTEGER NOT NULL REFERENCES boots (id),
    crc INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE destinations (
    name TEXT PRIMARY KEY NOT NULL,
    configured INTEGER NOT NULL,
    gone_told INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE gone (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    destination TEXT,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    cause TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;

  -- Entries grow at their end, where those after it are few.
  CREATE INDEX gone_reach ON gone (stream, hi);

  CREATE TABLE acknowledged (
    destination TEXT NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (destination, lo)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE dead_letters (
    destination TEXT NOT NULL,
    seq INTEGER NOT NULL,
    stream TEXT NOT NULL,
    sensor TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    mono_ms INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    buried_at INTEGER NOT NULL,
    PRIMARY KEY (destination, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE breakers (
    destination TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    streak INTEGER NOT NULL,
    step INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since_at INTEGER NOT NULL,
    held INTEGER NOT NULL,
    next_try_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outcomes (
    destination TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE breaker_transitions (
    id INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    step INTEGER NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE readings ADD COLUMN thinned TEXT;
  ALTER TABLE dead_letters ADD COLUMN thinned TEXT;
  `,
  `
  ALTER TABLE destinations ADD COLUMN since_seq INTEGER NOT NULL DEFAULT 1;

  CREATE TABLE rollbacks (
    destination TEXT NOT NULL,
    stream TEXT NOT NULL,
    ours INTEGER NOT NULL,
    theirs INTEGER NOT NULL,
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (destination, stream)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE boot_clocks (
    boot_id TEXT PRIMARY KEY NOT NULL,
    trusted_offset_ms INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE untrusted (
    lo INTEGER PRIMARY KEY,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    offset_ms INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE corrections (
    destination TEXT NOT NULL,
    lo INTEGER NOT NULL,
    stream TEXT NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    offset_ms INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    PRIMARY KEY (destination, lo)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE streams ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
  UPDATE streams SET crc = crc_of(ordinal, id, first_seq, next_seq);

  ALTER TABLE acknowledged ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
  UPDATE acknowledged SET crc = crc_of(destination, lo, hi);

  ALTER TABLE gone ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
  UPDATE gone SET crc = crc_of(id, stream, destination, lo, hi, cause, at);

  ALTER TABLE dead_letters ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
  UPDATE dead_letters SET crc = crc_of(destination, seq, stream, sensor, metric, unit, at, value, mono_ms, flags,
    boot_id, code, message, buried_at, thinned);
  `,
  `
  CREATE TABLE silences (
    id INTEGER PRIMARY KEY,
    cause TEXT NOT NULL,
    sensor TEXT,
    after_seq INTEGER NOT NULL,
    until_seq INTEGER,
    from_at INTEGER NOT NULL,
    to_at INTEGER,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX silences_latest ON silences (cause, sensor, id);

  CREATE TABLE sensors (
    sensor TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL,
    interval_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE destinations ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
  UPDATE destinations SET crc = crc_of(name, configured, gone_told, since_seq);
  `,
];
