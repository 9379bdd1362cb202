/**
 * Which readings have been stored since the last look: the difference between the ranges that the store has received
 * now and those that it had then. So a reading is told once, however late it arrives and wherever it lies by now.
 *
 * Those that have just come lie in the order in which they came, and a few of the newest of each series are looked
 * through for one that has moved to its place since. What is found in neither came many at once, or is old: it is
 * told as ranges, which the client may ask for.
 */

import type { Clock } from '../../base/clock.ts';
import { openDatabaseReadOnly, type SqliteDatabase } from '../../base/sqlite.ts';
import {
  contains,
  countOf,
  difference,
  rangesOfSeqs,
  type SeqRange,
  type SeqRanges,
} from '../../flow/seq-ranges.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../flow/write-api/store/schema.ts';
import type { ArrivedRanges, StoredReading } from './happening.ts';
import { lastWriteTo } from './last-write.ts';
import { NEWEST_ROWS_MAX, RANGES_MAX, RECENT_ROWS_MAX, SERIES_MAX } from './limits.ts';

export interface ArrivalsLook {
  /** There was no look before, or not of this file: nothing is told of what it has already. */
  readonly began: boolean;
  readonly readings: readonly StoredReading[];
  readonly ranges: readonly ArrivedRanges[];
}

interface Row {
  readonly series: number;
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

type Received = ReadonlyMap<number, SeqRanges>;

const NOTHING: ArrivalsLook = { began: false, readings: [], ranges: [] };

/**
 * Remembers what it has seen of one store, and opens the file for each look: a connection that stayed would keep the
 * log alive that a clean stop takes away. A look throws what `openDatabaseReadOnly` and SQLite throw, and a RangeError
 * if there are too many ranges; the next one is the difference to the one before it.
 */
export function followArrivals(file: string, clock: Pick<Clock, 'wallMs'>): () => ArrivalsLook {
  let names = createNames();
  let known: Received | undefined;
  /** Whose readings have all been told. */
  let told: string | undefined;

  /** What has been received by now, and of it what had not been by the look before. */
  function look(database: SqliteDatabase): { readonly now: Received; readonly found: ArrivalsLook } {
    const now = receivedBy(database);
    if (known === undefined || isAnother(now, known)) {
      names = createNames();
      return { now, found: { ...NOTHING, began: true } };
    }
    const fresh = new Map<number, SeqRanges>();
    for (const [stream, ranges] of now) {
      const had = known.get(stream);
      const more = had === undefined ? ranges : difference(ranges, had);
      if (more.length > 0) fresh.set(stream, more);
    }
    if (fresh.size === 0) return { now, found: NOTHING };
    const nameOf = names.from(database);
    const late = taken(recentOf(database).reverse(), fresh);
    const isLeft = [...fresh.values()].some((ranges) => ranges.length > 0);
    const early = isLeft
      ? taken(settledOf(database), fresh).sort((a, b) => a.at - b.at || a.seq - b.seq)
      : [];
    const ranges = [...fresh]
      .filter(([, left]) => left.length > 0)
      .map(([stream, left]) => ({ ...nameOf.stream(stream), readings: countOf(left), ranges: left }));
    const readings = [...early, ...late].map(({ series, stream, ...row }): StoredReading => {
      const { at, seq, value, flags } = row;
      return { ...nameOf.series(series), at, value, flags, stream: nameOf.stream(stream).stream, seq };
    });
    return { now, found: { began: false, readings, ranges } };
  }

  return () => {
    const written = lastWriteTo(file, clock.wallMs());
    if (written !== undefined && written === told) return NOTHING;
    const database = openDatabaseReadOnly({
      file,
      applicationId: STORE_APPLICATION_ID,
      migrations: STORE_MIGRATIONS,
    });
    try {
      const { now, found } = database.transaction(look).deferred(database);
      known = now;
      told = written;
      return found;
    } finally {
      database.close();
    }
  };
}

function receivedBy(database: SqliteDatabase): Received {
  const rows = database
    .prepare<[], [number, number, number]>(
      `SELECT stream, lo, hi FROM received ORDER BY stream, lo LIMIT ${RANGES_MAX + 1}`,
    )
    .raw()
    .all();
  if (rows.length > RANGES_MAX) throw new RangeError(`the store has more than ${RANGES_MAX} received ranges`);
  const streams = new Map<number, SeqRange[]>();
  for (const [stream, lo, hi] of rows) {
    const ranges = streams.get(stream);
    if (ranges === undefined) streams.set(stream, [[lo, hi]]);
    else ranges.push([lo, hi]);
  }
  return streams;
}

/** A store never forgets what it has received: one that lacks some of it is another, or an earlier copy. */
function isAnother(now: Received, before: Received): boolean {
  return [...before].some(([stream, ranges]) => difference(ranges, now.get(stream) ?? []).length > 0);
}

const COLUMNS = 'series, at, stream, seq, value, flags';

/** The newest first. */
function recentOf(database: SqliteDatabase): Row[] {
  return database
    .prepare<[], Row>(`SELECT ${COLUMNS} FROM recent_readings ORDER BY rowid DESC LIMIT ${RECENT_ROWS_MAX}`)
    .all();
}

/** The newest of each series that are in their places. */
function settledOf(database: SqliteDatabase): Row[] {
  const ids = database
    .prepare<[], number>(`SELECT id FROM series LIMIT ${SERIES_MAX + 1}`)
    .pluck()
    .all();
  if (ids.length > SERIES_MAX) return [];
  const newest = database.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM readings WHERE series = ? ORDER BY at DESC, stream DESC, seq DESC LIMIT ${NEWEST_ROWS_MAX}`,
  );
  return ids.flatMap((id) => newest.all(id));
}

/** Those of `rows` that are in `fresh`, which lacks them afterwards. */
function taken(rows: readonly Row[], fresh: Map<number, SeqRanges>): Row[] {
  const mine = rows.filter(({ stream, seq }) => contains(fresh.get(stream) ?? [], seq));
  for (const [stream, ranges] of fresh) {
    const seqs = mine.filter((row) => row.stream === stream).map(({ seq }) => seq);
    fresh.set(stream, difference(ranges, rangesOfSeqs(seqs)));
  }
  return mine;
}

type SeriesNames = Pick<StoredReading, 'gateway' | 'sensor' | 'metric' | 'unit'>;
type StreamNames = Pick<ArrivedRanges, 'gateway' | 'stream'>;

/** Names never change; those of a few thousand are kept. */
function createNames() {
  const series = new Map<number, SeriesNames>();
  const streams = new Map<number, StreamNames>();
  const unknown = { gateway: 'unknown', sensor: 'unknown', metric: 'unknown', unit: '' };
  return {
    from(database: SqliteDatabase) {
      const findSeries = database.prepare<[number], SeriesNames>(
        'SELECT gateway, sensor, metric, unit FROM series WHERE id = ?',
      );
      const findStream = database.prepare<[number], StreamNames>(
        'SELECT gateway, stream FROM streams WHERE id = ?',
      );
      return {
        series: remembered(series, (id) => findSeries.get(id) ?? unknown),
        stream: remembered(streams, (id) => findStream.get(id) ?? { gateway: 'unknown', stream: 'unknown' }),
      };
    },
  };
}

const REMEMBERED_MAX = 5_000;

function remembered<T>(kept: Map<number, T>, find: (id: number) => T): (id: number) => T {
  return (id) => {
    const one = kept.get(id) ?? find(id);
    if (kept.size >= REMEMBERED_MAX) kept.clear();
    kept.set(id, one);
    return one;
  };
}
