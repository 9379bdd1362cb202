/**
 * The tables of an outbox file as SQL, from one schema to the next. The SQL is the truth about them, because drizzle
 * cannot say STRICT or WITHOUT ROWID (docs/decisions/0004-hand-written-migrations.md).
 */

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
  `
  -- Where the seqs of the tiers begin: owed all of them, as far as anybody knows.
  ALTER TABLE destinations ADD COLUMN since_minute INTEGER NOT NULL DEFAULT 2251799813685249;
  ALTER TABLE destinations ADD COLUMN since_ten_minutes INTEGER NOT NULL DEFAULT 4503599627370497;
  UPDATE destinations SET crc = crc_of(name, configured, gone_told, since_seq, since_minute, since_ten_minutes)
  WHERE crc = crc_of(name, configured, gone_told, since_seq);
  `,
];
