/**
 * The tables of the store as SQL: what a file is made of, migration by migration. For drizzle they are in `tables.ts`,
 * and `schema.test.ts` holds the two together.
 *
 * Readings are clustered by series and time, the way they are asked for: a range of one series is one
 * stretch of the file. The latest few lie in the order in which they came (`recent-readings.ts`); whoever asks
 * for readings asks `all_readings`, which is both. There is no index over `(stream, seq)`: the received ranges
 * are what recognises a duplicate. The time of arrival is not kept; a sixth of each row would pay for a rare
 * question.
 *
 * Rollups say what the readings that are in their places were like, by minute, hour and day (`rollups.ts`).
 */

/** `SGWS` in ASCII: marks the file as a store of ours. */
export const STORE_APPLICATION_ID = 0x53_47_57_53;

/** The schema from which on readings are what `all_readings` shows. */
export const ALL_READINGS_SINCE = 3;

export const STORE_MIGRATIONS = [
  `
  -- One row: the stream of the readings that came without one.
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    stream TEXT NOT NULL
  ) STRICT;

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    sensor TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (gateway, sensor, metric, unit)
  ) STRICT;

  -- gateway: who delivered last. A gateway may be renamed; its outbox, and so its stream, stays.
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL UNIQUE,
    gateway TEXT NOT NULL
  ) STRICT;

  -- No foreign keys here: they would cost two look-ups for each row, and nothing ever deletes a series.
  CREATE TABLE readings (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    value REAL NOT NULL,
    flags INTEGER NOT NULL,
    PRIMARY KEY (series, at, stream, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE received (
    stream INTEGER NOT NULL REFERENCES streams (id),
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (stream, lo)
  ) STRICT, WITHOUT ROWID;

  -- As declared: received and gone may overlap, and then received is the truth.
  CREATE TABLE gone (
    stream INTEGER NOT NULL REFERENCES streams (id),
    cause TEXT NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (stream, cause, lo)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Counted as they come: nobody should have to walk over millions to say how many there are.
  ALTER TABLE store ADD COLUMN thinned_rows INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE store ADD COLUMN thinned_readings INTEGER NOT NULL DEFAULT 0;

  -- What a reading with the flag of a thinned one stands for; its value is the mean. The count is of those that
  -- the store has in no other way; min to last are of all of them. lo and hi are seqs of the source, a stream.
  CREATE TABLE thinned (
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    min REAL NOT NULL,
    max REAL NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    span_ms INTEGER NOT NULL,
    source INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (stream, seq)
  ) STRICT, WITHOUT ROWID;

  -- Which seqs of a source have come as thinned readings of a series.
  CREATE TABLE covered (
    source INTEGER NOT NULL,
    series INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (source, series, lo)
  ) STRICT, WITHOUT ROWID;

  -- Readings of a stream to be moved; series to at_seq say how far that has got.
  CREATE TABLE corrections (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    gateway TEXT NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL CHECK (hi >= lo),
    offset_ms INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    series INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0,
    at_stream INTEGER NOT NULL DEFAULT 0,
    at_seq INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    UNIQUE (stream, gateway, lo, hi, offset_ms, from_at, to_at)
  ) STRICT;
  -- Asked with each request, and nearly always empty.
  CREATE INDEX corrections_open ON corrections (id) WHERE done = 0;
  `,
  `
  -- In the order of arrival, on as few pages as they need. They move to their place in readings many at a time.
  CREATE TABLE recent_readings (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    value REAL NOT NULL,
    flags INTEGER NOT NULL
  ) STRICT;

  CREATE VIEW all_readings AS
    SELECT series, at, stream, seq, value, flags FROM readings
    UNION ALL
    SELECT series, at, stream, seq, value, flags FROM recent_readings;
  `,
  `
  -- What the readings of a series in their places were like in the minute (level 0), the hour (1) or the day (2, of
  -- UTC) that begins at 'at'. Those with remarks are summed up apart: flags are those of the readings, without the
  -- flag of a thinned one. A thinned reading counts as what it stands for, at the time of its first. first and last
  -- are by time, as milliseconds after 'at'; of several at one moment the least is first and the greatest last.
  CREATE TABLE rollups (
    level INTEGER NOT NULL,
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    mean REAL NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    first REAL NOT NULL,
    first_ms INTEGER NOT NULL,
    last REAL NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (level, series, at, flags)
  ) STRICT, WITHOUT ROWID;

  -- Of a series the readings from from_at on and before until_at, not one of which is in a rollup yet: what has
  -- come in a large batch, or before there were rollups. Nearly always empty.
  CREATE TABLE unrolled (
    series INTEGER PRIMARY KEY,
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL CHECK (until_at > from_at)
  ) STRICT;
  INSERT INTO unrolled SELECT id, 0, ${Number.MAX_SAFE_INTEGER} FROM series;

  -- What is older has been, or is being, removed because of its age: readings, and the rollups of each level.
  ALTER TABLE store ADD COLUMN raw_from_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE store ADD COLUMN minute_from_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE store ADD COLUMN hour_from_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE store ADD COLUMN day_from_at INTEGER NOT NULL DEFAULT 0;
  `,
] as const;
