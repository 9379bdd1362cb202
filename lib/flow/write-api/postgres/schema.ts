/**
 * The tables of a store in PostgreSQL as SQL: what a database is made of, migration by migration. For drizzle they are
 * in `tables.ts`, and `test/postgres/schema.test.ts` holds the two together.
 *
 * The row of a stream in `streams` is its lock: whatever is noted of a stream (its readings, what was received, what
 * is gone, what thinned readings stand for, its corrections) is changed by nobody but who holds that row. So any
 * number of write APIs find the same answer to what has been received.
 *
 * Readings and their rollups lie in partitions by time (`months.ts`), clustered by nothing but the order of arrival:
 * the key is the index by which they are asked for.
 */

import { OUTER_STRETCHES } from './months.ts';

/** Tables that have a partition for each stretch of time, and the level of the rollups among them. */
export const TIMED_TABLES = [
  { table: 'readings', level: undefined },
  { table: 'minutes', level: 0 },
  { table: 'hours', level: 1 },
  { table: 'days', level: 2 },
] as const;
export type TimedTable = (typeof TIMED_TABLES)[number]['table'];

const ROLLUP_COLUMNS = `
    series integer NOT NULL,
    at bigint NOT NULL,
    flags smallint NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    mean double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL,
    first double precision NOT NULL,
    first_ms bigint NOT NULL,
    last double precision NOT NULL,
    last_ms bigint NOT NULL,
    PRIMARY KEY (series, at, flags)`;

export const POSTGRES_MIGRATIONS = [
  `
  -- One row: the stream of the readings that came without one, and from when on what is kept.
  CREATE TABLE sensorgw.store (
    id integer PRIMARY KEY CHECK (id = 1),
    stream text NOT NULL,
    raw_from_at bigint NOT NULL DEFAULT 0,
    minute_from_at bigint NOT NULL DEFAULT 0,
    hour_from_at bigint NOT NULL DEFAULT 0,
    day_from_at bigint NOT NULL DEFAULT 0
  );

  -- Names in the order of their bytes, as everywhere else, whatever the language of the database.
  CREATE TABLE sensorgw.series (
    id serial PRIMARY KEY,
    gateway text COLLATE "C" NOT NULL,
    sensor text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    UNIQUE (gateway, sensor, metric, unit)
  );

  -- gateway: who delivered last. thinned_up_to: the highest seq that a thinned reading stands for; a plain one behind
  -- it needs no second look. The counts are of the thinned readings that came in this stream.
  CREATE TABLE sensorgw.streams (
    id serial PRIMARY KEY,
    stream text COLLATE "C" NOT NULL UNIQUE,
    gateway text NOT NULL,
    thinned_up_to bigint NOT NULL DEFAULT 0,
    thinned_rows bigint NOT NULL DEFAULT 0,
    thinned_readings bigint NOT NULL DEFAULT 0
  );

  -- What a thinned reading stands for; its value is the mean. The count is of those that the store has in no other
  -- way; min to last are of all of them. lo and hi are seqs of the source, a stream.
  CREATE TYPE sensorgw.thinned_of AS (
    count bigint,
    min double precision,
    max double precision,
    first double precision,
    last double precision,
    span_ms bigint,
    source integer,
    lo bigint,
    hi bigint
  );

  -- For PostgreSQL NaN is a number, and more than any other.
  CREATE TABLE sensorgw.readings (
    at bigint NOT NULL,
    seq bigint NOT NULL,
    value double precision NOT NULL CHECK (value > '-Infinity' AND value < 'Infinity'),
    series integer NOT NULL,
    stream integer NOT NULL,
    flags smallint NOT NULL,
    thinned sensorgw.thinned_of,
    PRIMARY KEY (series, at, stream, seq)
  ) PARTITION BY RANGE (at);

  -- What the readings of a series were like in the minute (hour, day of UTC) that begins at 'at'. Those with remarks
  -- are summed up apart; flags are without that of a thinned one. first and last are by time, in ms after 'at'.
  CREATE TABLE sensorgw.minutes (${ROLLUP_COLUMNS}
  ) PARTITION BY RANGE (at);
  CREATE TABLE sensorgw.hours (${ROLLUP_COLUMNS}
  ) PARTITION BY RANGE (at);
  CREATE TABLE sensorgw.days (${ROLLUP_COLUMNS}
  ) PARTITION BY RANGE (at);
  ${TIMED_TABLES.flatMap(({ table }) => OUTER_STRETCHES.map((one) => [table, one] as const))
    .map(
      ([table, { name, fromAt, untilAt }]) =>
        `CREATE TABLE sensorgw.${table}_${name} PARTITION OF sensorgw.${table} FOR VALUES FROM (${fromAt}) TO (${untilAt});`,
    )
    .join('\n  ')}

  CREATE TABLE sensorgw.received (
    stream integer NOT NULL REFERENCES sensorgw.streams (id),
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (stream, lo)
  );

  -- As declared: received and gone may overlap, and then received is the truth.
  CREATE TABLE sensorgw.gone (
    stream integer NOT NULL REFERENCES sensorgw.streams (id),
    cause text NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (stream, cause, lo)
  );

  -- Which seqs of a source have come as thinned readings of a series.
  CREATE TABLE sensorgw.covered (
    source integer NOT NULL REFERENCES sensorgw.streams (id),
    series integer NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (source, series, lo)
  );

  -- Readings of a stream to be moved; series to at_seq say how far that has got.
  CREATE TABLE sensorgw.corrections (
    id bigserial PRIMARY KEY,
    stream integer NOT NULL REFERENCES sensorgw.streams (id),
    gateway text NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    offset_ms bigint NOT NULL,
    from_at bigint NOT NULL,
    to_at bigint NOT NULL,
    series integer NOT NULL DEFAULT 0,
    at bigint NOT NULL DEFAULT 0,
    at_stream integer NOT NULL DEFAULT 0,
    at_seq bigint NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    UNIQUE (stream, gateway, lo, hi, offset_ms, from_at, to_at)
  );
  CREATE INDEX corrections_open ON sensorgw.corrections (id) WHERE done = 0;
  `,
] as const;
