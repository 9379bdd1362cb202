/**
 * Reading the store back, from a connection of its own that can only read: works while the write API
 * runs and after it has stopped. Every query is a short page that ends before its rows are handed out,
 * so that no reader, however slow, keeps SQLite's log from being reset.
 */

import { openDatabaseReadOnly, type SqliteDatabase } from '../../../base/sqlite.ts';
import { FLAG, type Thinned } from '../../reading.ts';
import type {
  ReadingsFilter,
  ReadingsReader,
  SeriesKey,
  StoredReading,
  StoreSummary,
} from '../readings-store.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { asStoreFault } from './sqlite-fault.ts';

/** Rows held in memory over all series: about 8 MiB. */
const ROWS_HELD_MAX = 50_000;
/** Below this a page is all overhead. */
const PAGE_ROWS_MIN = 16;
const PAGE_ROWS_MAX = 1_000;

interface Row {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

/** Where the reading of one series has got to. */
interface Cursor {
  readonly id: number;
  readonly key: SeriesKey;
  /** Fetched, not yet handed out, ascending. */
  rows: Row[];
  /** The last row fetched: the next page begins behind it. */
  last: Row | undefined;
  ended: boolean;
}

/** Throws `SGW_DATABASE_MISSING`, `SGW_DATABASE_FOREIGN`, `SGW_SCHEMA_TOO_NEW`. */
export function openStoreReadOnly(file: string): ReadingsReader {
  const database = openDatabaseReadOnly({
    file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
  });
  const page = database.prepare<number[], Row>(
    `SELECT at, stream, seq, value, flags FROM all_readings
     WHERE series = ? AND (at, stream, seq) > (?, ?, ?) AND at <= ?
     ORDER BY at, stream, seq LIMIT ?`,
  );
  const nameOf = database.prepare<[number], string>('SELECT stream FROM streams WHERE id = ?').pluck();
  const thinnedOf = database.prepare<[number, number], Thinned>(
    `SELECT count, min, max, first, last, span_ms AS spanMs, streams.stream AS source, lo, hi
     FROM thinned JOIN streams ON streams.id = source WHERE thinned.stream = ? AND seq = ?`,
  );

  function refill(cursor: Cursor, filter: ReadingsFilter, rowsMax: number): void {
    // Streams and seqs begin at 1, so (sinceAt, 0, 0) lies just before the first row of that moment.
    const after = cursor.last ?? { at: filter.sinceAt, stream: 0, seq: 0 };
    const untilAt = filter.untilAt ?? Number.MAX_SAFE_INTEGER;
    cursor.rows = page.all(cursor.id, after.at, after.stream, after.seq, untilAt, rowsMax);
    cursor.last = cursor.rows.at(-1) ?? cursor.last;
    cursor.ended = cursor.rows.length < rowsMax;
  }

  async function* readings(filter: ReadingsFilter): AsyncGenerator<StoredReading> {
    const cursors = seriesOf(database, filter).map(
      ({ id, ...key }): Cursor => ({ id, key, rows: [], last: undefined, ended: false }),
    );
    const share = Math.floor(ROWS_HELD_MAX / Math.max(1, cursors.length));
    const rowsMax = Math.min(PAGE_ROWS_MAX, Math.max(PAGE_ROWS_MIN, share), filter.limit ?? PAGE_ROWS_MAX);
    const streams = new Map<number, string>();
    let left = filter.limit ?? Number.POSITIVE_INFINITY;

    let open = cursors;
    while (open.length > 0 && left > 0) {
      for (const cursor of open) if (cursor.rows.length === 0) refill(cursor, filter, rowsMax);
      // Up to the earliest row where a page ends and its series goes on, all that exists is in hand.
      let horizon: Row | undefined;
      for (const { ended, last } of open) {
        if (!ended && last && (horizon === undefined || inOrder(last, horizon) < 0)) horizon = last;
      }
      const ready: { row: Row; key: SeriesKey }[] = [];
      for (const cursor of open) {
        const end = horizon;
        const later = end === undefined ? -1 : cursor.rows.findIndex((row) => inOrder(row, end) > 0);
        const taken = cursor.rows.splice(0, later === -1 ? cursor.rows.length : later);
        for (const row of taken) ready.push({ row, key: cursor.key });
      }
      ready.sort((a, b) => inOrder(a.row, b.row));
      for (const { row, key } of ready) {
        if (left <= 0) return;
        left -= 1;
        let stream = streams.get(row.stream);
        if (stream === undefined) {
          stream = nameOf.get(row.stream) ?? 'unknown';
          streams.set(row.stream, stream);
        }
        const thinned = (row.flags & FLAG.thinned) === 0 ? undefined : thinnedOf.get(row.stream, row.seq);
        const { at, value, flags, seq } = row;
        yield { ...key, at, value, flags, stream, seq, ...(thinned === undefined ? {} : { thinned }) };
      }
      open = open.filter((cursor) => !cursor.ended || cursor.rows.length > 0);
    }
  }

  return {
    async *readings(filter) {
      try {
        yield* readings(filter);
      } catch (error) {
        throw asStoreFault(error);
      }
    },
    async summary() {
      try {
        return summaryOf(database);
      } catch (error) {
        throw asStoreFault(error);
      }
    },
    async close() {
      database.close();
    },
  };
}

/** By time, and within a moment in the order in which each stream counted. */
function inOrder(a: Row, b: Row): number {
  return a.at - b.at || a.stream - b.stream || a.seq - b.seq;
}

function seriesOf(database: SqliteDatabase, filter: ReadingsFilter): (SeriesKey & { id: number })[] {
  const { gateway = null, sensor = null, metric = null } = filter;
  return database
    .prepare<(string | null)[], SeriesKey & { id: number }>(
      `SELECT id, gateway, sensor, metric, unit FROM series
       WHERE gateway = coalesce(?, gateway) AND sensor = coalesce(?, sensor) AND metric = coalesce(?, metric)
       ORDER BY gateway, sensor, metric, unit`,
    )
    .all(gateway, sensor, metric);
}

/** One seek for each series and end, and a look at the recent ones: never a walk over the readings. */
function summaryOf(database: SqliteDatabase): StoreSummary {
  const row = database
    .prepare<
      [],
      Record<'series' | 'received' | 'rows' | 'readings', number> &
        Record<'oldestAt' | 'newestAt' | 'recentOldestAt' | 'recentNewestAt', number | null>
    >(
      `SELECT (SELECT count(*) FROM series) AS series,
              (SELECT coalesce(sum(hi - lo + 1), 0) FROM received) AS received,
              (SELECT thinned_rows FROM store) AS rows,
              (SELECT thinned_readings FROM store) AS readings,
              min((SELECT min(at) FROM readings WHERE readings.series = series.id)) AS oldestAt,
              max((SELECT max(at) FROM readings WHERE readings.series = series.id)) AS newestAt,
              (SELECT min(at) FROM recent_readings) AS recentOldestAt,
              (SELECT max(at) FROM recent_readings) AS recentNewestAt
       FROM series`,
    )
    .get();
  return {
    series: row?.series ?? 0,
    received: row?.received ?? 0,
    thinned: { rows: row?.rows ?? 0, readings: row?.readings ?? 0 },
    oldestAt: extreme(Math.min, row?.oldestAt, row?.recentOldestAt),
    newestAt: extreme(Math.max, row?.newestAt, row?.recentNewestAt),
  };
}

function extreme(pick: typeof Math.min, ...times: (number | null | undefined)[]): number | undefined {
  const known = times.filter((at) => typeof at === 'number');
  return known.length === 0 ? undefined : pick(...known);
}
