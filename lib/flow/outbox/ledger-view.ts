/**
 * What an outbox file says about every seq of its streams, seen from outside: who has acknowledged it, who
 * still waits for it, what will never come, and when nothing was read at all. For comparisons with a store; never writes.
 */

import { openDatabaseReadOnly, type SqliteDatabase } from '../../base/sqlite.ts';
import { difference, intersection, normalized, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import type { KnownSensor, Silence } from '../silence.ts';
import { readOwed } from './destination-rows.ts';
import { assignedIn, presentIn, readExtents } from './extents.ts';
import type { GoneEntry } from './gone.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

export interface OutboxLedger {
  /** The oldest first; those of runs that accepted nothing are left out. */
  readonly streams: readonly { readonly stream: string; readonly seqs: SeqRange }[];
  /** Rows in the file. */
  readonly present: SeqRanges;
  readonly destinations: readonly {
    readonly destination: string;
    /** Of what it was ever owed. */
    readonly acknowledged: SeqRanges;
    /** Rows that it has not acknowledged. */
    readonly waiting: SeqRanges;
  }[];
  /** With `destination: null` for what nobody will get. */
  readonly gone: readonly (GoneEntry & { readonly destination: string | null })[];
  readonly silences: readonly Silence[];
  readonly sensors: readonly KnownSensor[];
}

export interface RowsAndReadings {
  readonly rows: number;
  /** A thinned row counts as all that it stands for. */
  readonly readings: number;
}

/**
 * How many rows of these seqs are in the file, and how many readings that is. Throws what `openDatabaseReadOnly`
 * throws.
 */
export function countReadings(file: string, seqs: SeqRange): RowsAndReadings {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  try {
    const counted = database
      .prepare<[number, number], RowsAndReadings>(
        // A text that the disk has changed is not parsed: its row is never sent, and counts as one.
        `SELECT count(*) AS rows, coalesce(sum(CASE WHEN json_valid(thinned) THEN thinned ->> 0 ELSE 1 END), 0) AS readings
         FROM readings WHERE seq BETWEEN ? AND ?`,
      )
      .get(...seqs);
    return counted ?? { rows: 0, readings: 0 };
  } finally {
    database.close();
  }
}

/** The little that says what was ever accepted and what became of it, for those who look all the time: no row is read. */
export interface OutboxExtent {
  readonly streams: OutboxLedger['streams'];
  /** From the first row to the last of each tier, without a look at what may be missing in between. */
  readonly present: SeqRanges;
  readonly gone: readonly GoneEntry[];
}

/** One consistent moment. Throws what `openDatabaseReadOnly` throws. */
export function readOutboxExtent(file: string): OutboxExtent {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const read = database.transaction(
    (): OutboxExtent => ({
      streams: streamsOf(database),
      present: presentIn(readExtents(database)),
      gone: database.prepare<[], GoneEntry>('SELECT stream, lo, hi, cause, at FROM gone ORDER BY id').all(),
    }),
  );
  try {
    return read.deferred();
  } finally {
    database.close();
  }
}

function streamsOf(database: SqliteDatabase): OutboxLedger['streams'] {
  return database
    .prepare<[], [string, number, number]>(
      'SELECT id, first_seq, next_seq FROM streams WHERE next_seq > first_seq ORDER BY ordinal',
    )
    .raw()
    .all()
    .map(([stream, first, next]) => ({ stream, seqs: [first, next - 1] as const }));
}

/** One consistent moment. Throws what `openDatabaseReadOnly` throws. */
export function readOutboxLedger(file: string): OutboxLedger {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const ranges = (sql: string, ...values: string[]) =>
    normalized(
      database
        .prepare<string[], SeqRange>(sql)
        .raw()
        .all(...values),
    );
  const read = database.transaction((): OutboxLedger => {
    const streams = streamsOf(database);
    // Runs of neighbours: a seq minus its place among all is the same throughout a run.
    const present = ranges(
      'SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM readings) GROUP BY run',
    );
    const left = difference(assignedIn(readExtents(database)), present);
    return {
      streams,
      present,
      destinations: Array.from(readOwed(database), ([destination, owed]) => {
        const named = ranges('SELECT lo, hi FROM acknowledged WHERE destination = ?', destination);
        // Rows leave only once everybody has acknowledged them, who was there.
        const acknowledged = intersection(union(named, left), owed);
        return { destination, acknowledged, waiting: difference(present, named) };
      }),
      gone: database
        .prepare<[], GoneEntry & { destination: string | null }>(
          'SELECT stream, destination, lo, hi, cause, at FROM gone ORDER BY id',
        )
        .all(),
      silences: database
        .prepare<[], Silence>(
          `SELECT cause, sensor, after_seq AS afterSeq, until_seq AS untilSeq, from_at AS fromAt, to_at AS toAt, detail
           FROM silences ORDER BY id`,
        )
        .all(),
      sensors: database
        .prepare<[], KnownSensor>(
          'SELECT sensor, source, interval_ms AS intervalMs FROM sensors ORDER BY sensor',
        )
        .all(),
    };
  });
  try {
    return read.deferred();
  } finally {
    database.close();
  }
}
