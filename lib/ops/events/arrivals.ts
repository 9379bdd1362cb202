/**
 * Which readings have been stored since the last look: the difference between the ranges that the store has received
 * now and those that it had then. So a reading is told once, however late it arrives and wherever it lies by now.
 *
 * Those that have just come lie in the order in which they came, and a few of the newest of each series are looked
 * through for one that has moved to its place since. What is found in neither came many at once, or is old: it is
 * told as ranges, which the client may ask for.
 */

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
import { NEWEST_ROWS_MAX, RANGES_MAX, RECENT_ROWS_MAX, SERIES_MAX } from './limits.ts';

export interface ArrivalsLook {
  /** There was no look before, or not of this file: nothing is told of what it has already. */
  readonly began: boolean;
  readonly readings: readonly StoredReading[];
  readonly ranges: readonly ArrivedRanges[];
}

export interface Arrivals {
  look(): ArrivalsLook;
  close(): void;
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
 * Throws what `openDatabaseReadOnly` throws; a look throws what SQLite throws, and a RangeError if there are too many
 * ranges.
 */
export function openArrivals(file: string): Arrivals {
  const database = openDatabaseReadOnly({
    file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
  });
  const received = database
    .prepare<[], [number, number, number]>(
      `SELECT stream, lo, hi FROM received ORDER BY stream, lo LIMIT ${RANGES_MAX + 1}`,
    )
    .raw();
  const columns = 'series, at, stream, seq, value, flags';
  const recent = database.prepare<[], Row>(
    `SELECT ${columns} FROM recent_readings ORDER BY rowid DESC LIMIT ${RECENT_ROWS_MAX}`,
  );
  const series = database.prepare<[], number>(`SELECT id FROM series LIMIT ${SERIES_MAX + 1}`).pluck();
  const newest = database.prepare<[number], Row>(
    `SELECT ${columns} FROM readings WHERE series = ? ORDER BY at DESC, stream DESC, seq DESC LIMIT ${NEWEST_ROWS_MAX}`,
  );
  const names = namesIn(database);
  let known: Received | undefined;
  let version: unknown;

  function receivedNow(): Received {
    const rows = received.all();
    if (rows.length > RANGES_MAX)
      throw new RangeError(`the store has more than ${RANGES_MAX} received ranges`);
    const streams = new Map<number, SeqRange[]>();
    for (const [stream, lo, hi] of rows) {
      const ranges = streams.get(stream);
      if (ranges === undefined) streams.set(stream, [[lo, hi]]);
      else ranges.push([lo, hi]);
    }
    return streams;
  }

  /** Takes out of `fresh` what it finds. */
  function found(rows: readonly Row[], fresh: Map<number, SeqRanges>): Row[] {
    const mine = rows.filter(({ stream, seq }) => contains(fresh.get(stream) ?? [], seq));
    for (const [stream, ranges] of fresh) {
      const seqs = mine.filter((row) => row.stream === stream).map(({ seq }) => seq);
      fresh.set(stream, difference(ranges, rangesOfSeqs(seqs)));
    }
    return mine;
  }

  function settled(): Row[] {
    const ids = series.all();
    return ids.length > SERIES_MAX ? [] : ids.flatMap((id) => newest.all(id));
  }

  const look = database.transaction((): ArrivalsLook => {
    const now = receivedNow();
    const before = known;
    known = now;
    if (before === undefined) return { ...NOTHING, began: true };
    const fresh = new Map<number, SeqRanges>();
    for (const [stream, ranges] of now) {
      const had = before.get(stream);
      const more = had === undefined ? ranges : difference(ranges, had);
      if (more.length > 0) fresh.set(stream, more);
    }
    if (fresh.size === 0) return NOTHING;
    const late = found(recent.all().reverse(), fresh);
    const isLeft = [...fresh.values()].some((ranges) => ranges.length > 0);
    const early = isLeft ? found(settled(), fresh).sort((a, b) => a.at - b.at || a.seq - b.seq) : [];
    const ranges = [...fresh]
      .filter(([, left]) => left.length > 0)
      .map(([stream, left]) => ({ ...names.stream(stream), readings: countOf(left), ranges: left }));
    return { began: false, readings: [...early, ...late].map(told), ranges };
  });

  function told({ series: id, stream, ...row }: Row): StoredReading {
    const { at, seq, value, flags } = row;
    return { ...names.series(id), at, value, flags, stream: names.stream(stream).stream, seq };
  }

  return {
    look() {
      const now = database.pragma('data_version', { simple: true });
      if (known !== undefined && now === version) return NOTHING;
      version = now;
      return look.deferred();
    },
    close: () => database.close(),
  };
}

type SeriesNames = Pick<StoredReading, 'gateway' | 'sensor' | 'metric' | 'unit'>;
type StreamNames = Pick<ArrivedRanges, 'gateway' | 'stream'>;

/** Names never change; those of a few thousand are kept. */
function namesIn(database: SqliteDatabase) {
  const findSeries = database.prepare<[number], SeriesNames>(
    'SELECT gateway, sensor, metric, unit FROM series WHERE id = ?',
  );
  const findStream = database.prepare<[number], StreamNames>(
    'SELECT gateway, stream FROM streams WHERE id = ?',
  );
  const unknown = { gateway: 'unknown', sensor: 'unknown', metric: 'unknown', unit: '' };
  const series = remembered((id) => findSeries.get(id) ?? unknown);
  const stream = remembered((id) => findStream.get(id) ?? { gateway: 'unknown', stream: 'unknown' });
  return { series, stream };
}

const REMEMBERED_MAX = 5_000;

function remembered<T>(find: (id: number) => T): (id: number) => T {
  const kept = new Map<number, T>();
  return (id) => {
    const one = kept.get(id) ?? find(id);
    if (kept.size >= REMEMBERED_MAX) kept.clear();
    kept.set(id, one);
    return one;
  };
}
