/**
 * What an outbox file says about every seq of its streams, seen from outside: who has acknowledged it, who
 * still waits for it, what will never come, and when nothing was read at all. For comparisons with a store; never writes.
 */

import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { difference, intersection, normalized, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import type { KnownSensor, Silence } from '../silence.ts';
import { assignedIn, readExtents } from './extents.ts';
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

/** How many rows of these seqs are in the file, and how many readings that is. Throws what `openDatabaseReadOnly` throws. */
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
    const streams = database
      .prepare<[], [string, number, number]>(
        'SELECT id, first_seq, next_seq FROM streams WHERE next_seq > first_seq ORDER BY ordinal',
      )
      .raw()
      .all()
      .map(([stream, first, next]) => ({ stream, seqs: [first, next - 1] as const }));
    // Runs of neighbours: a seq minus its place among all is the same throughout a run.
    const present = ranges(
      'SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM readings) GROUP BY run',
    );
    const left = difference(assignedIn(readExtents(database)), present);
    const owed = database
      .prepare<[], [string, number]>(
        'SELECT name, since_seq FROM destinations WHERE configured ORDER BY name',
      )
      .raw()
      .all();
    return {
      streams,
      present,
      destinations: owed.map(([destination, sinceSeq]) => {
        const named = ranges('SELECT lo, hi FROM acknowledged WHERE destination = ?', destination);
        // Rows leave only once everybody has acknowledged them, who was there.
        const acknowledged = intersection(union(named, left), [[sinceSeq, Number.MAX_SAFE_INTEGER]]);
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
