/**
 * Looks at the store in an SQLite file, from a connection of its own that can only read: while the write API
 * runs, and after it has stopped. A look is one short transaction.
 */

import { openDatabaseReadOnly, type SqliteDatabase } from '../../../base/sqlite.ts';
import { FLAG, type Thinned } from '../../reading.ts';
import { bucketOf, ROLLUP_LEVELS } from './rollup.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { asStoreFault } from './sqlite-fault.ts';
import type {
  Held,
  Position,
  ReadingRow,
  RollupLook,
  SeriesLook,
  SeriesRow,
  StoreLooks,
  Summary,
  SummaryPage,
} from './store-looks.ts';
import { summaryOfReading } from './summary.ts';
import type { Unrolled } from './unrolled.ts';

export interface SqliteLooks extends StoreLooks {
  close(): void;
}

interface Row extends Position {
  readonly value: number;
  readonly flags: number;
}

/** Throws `SGW_DATABASE_MISSING`, `SGW_DATABASE_FOREIGN`, `SGW_SCHEMA_TOO_NEW`, `SGW_DATA_DIR_UNUSABLE`. */
export function openStoreLooks(file: string): SqliteLooks {
  const database = openDatabaseReadOnly({
    file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
  });
  const series = database.prepare<(string | number | null)[], SeriesRow>(
    `SELECT id, gateway, sensor, metric, unit FROM series
     WHERE (gateway, sensor, metric, unit) > (?, ?, ?, ?) AND gateway = coalesce(?, gateway)
       AND sensor = coalesce(?, sensor) AND metric = coalesce(?, metric) AND unit = coalesce(?, unit)
     ORDER BY gateway, sensor, metric, unit LIMIT ?`,
  );
  const page = database.prepare<number[], Row>(
    `SELECT at, stream, seq, value, flags FROM all_readings
     WHERE series = ? AND (at, stream, seq) > (?, ?, ?) AND at < ?
     ORDER BY at, stream, seq LIMIT ?`,
  );
  const newest = database.prepare<[number], Row>(
    `SELECT at, stream, seq, value, flags FROM readings
     WHERE series = ? ORDER BY at DESC, stream DESC, seq DESC LIMIT 1`,
  );
  const recent = database.prepare<[], Row & { id: number }>(
    'SELECT series AS id, at, stream, seq, value, flags FROM recent_readings',
  );
  const recentOf = database.prepare<[number, number, number], Row>(
    'SELECT at, stream, seq, value, flags FROM recent_readings WHERE series = ? AND at >= ? AND at < ?',
  );
  const thinnedOf = database.prepare<[number, number], Thinned>(
    `SELECT count, min, max, first, last, span_ms AS spanMs, streams.stream AS source, lo, hi
     FROM thinned JOIN streams ON streams.id = source WHERE thinned.stream = ? AND seq = ?`,
  );
  const rollups = database.prepare<number[], Summary>(
    `SELECT at, flags, count, mean, min, max, first, at + first_ms AS firstAt, last, at + last_ms AS lastAt
     FROM rollups WHERE level = ? AND series = ? AND at >= ? AND at < ? ORDER BY at, flags LIMIT ?`,
  );
  const streamName = nameOfStream(database);

  function whole(id: number, row: Row): ReadingRow {
    const thinned = (row.flags & FLAG.thinned) === 0 ? undefined : thinnedOf.get(row.stream, row.seq);
    const { at, stream, seq, value, flags } = row;
    const reading = { id, at, stream, seq, value, flags, streamName: streamName(stream) };
    return thinned === undefined ? reading : { ...reading, thinned };
  }

  /** Readings that are in no rollup yet, because they are not in their places. */
  function recentSummaries({ id, level, fromAt }: RollupLook, untilAt: number): Summary[] {
    const widthMs = widthOf(level);
    return recentOf
      .all(id, fromAt, untilAt)
      .map((row) => ({ ...summaryOfReading(whole(id, row)), at: bucketOf(row.at, widthMs) }));
  }

  function summaries(look: RollupLook): SummaryPage {
    const { id, level, fromAt, untilAt, limit } = look;
    const found = rollups.all(level, id, fromAt, untilAt, limit);
    const last = found.at(-1);
    // The last stretch of a full page may go on behind it: it is told with the next one. A stretch has as many
    // rows as there are kinds of remarks, far fewer than a page.
    const isFull = found.length === limit && last !== undefined && last.at > fromAt;
    const nextAt = isFull ? last.at : undefined;
    const told = nextAt === undefined ? found : found.filter(({ at }) => at < nextAt);
    const all = [...told, ...recentSummaries(look, nextAt ?? untilAt)].sort((a, b) => a.at - b.at);
    return nextAt === undefined ? { summaries: all } : { summaries: all, nextAt };
  }

  const inOnePiece = {
    series: (look: SeriesLook) => {
      const { gateway, sensor, metric, unit, after } = look;
      const behind = [after?.gateway, after?.sensor, after?.metric, after?.unit].map((name) => name ?? '');
      const wanted = [gateway, sensor, metric, unit].map((name) => name ?? null);
      return series.all(...behind, ...wanted, look.limit);
    },
    latest: database.transaction((ids: readonly number[]) => {
      const best = new Map<number, Row>();
      const wanted = new Set(ids);
      for (const { id, ...row } of recent.iterate()) {
        const known = best.get(id);
        if (wanted.has(id) && (known === undefined || isLater(row, known))) best.set(id, row);
      }
      return ids.flatMap((id) => {
        const [placed, late] = [newest.get(id), best.get(id)];
        const row = placed === undefined || (late !== undefined && isLater(late, placed)) ? late : placed;
        return row === undefined ? [] : [whole(id, row)];
      });
    }),
    rows: database.transaction(({ id, after, untilAt, limit }: Parameters<StoreLooks['rows']>[0]) => {
      const rows = page.all(id, after.at, after.stream, after.seq, untilAt, limit);
      const last = rows.at(-1);
      const told = rows.map((row) => whole(id, row));
      if (rows.length < limit || last === undefined) return { rows: told };
      return { rows: told, next: { at: last.at, stream: last.stream, seq: last.seq } };
    }),
    rollups: database.transaction(summaries),
    held: database.transaction(() => heldBy(database)),
  };

  return {
    series: (look) => faulting(() => inOnePiece.series(look)),
    latest: (ids) => faulting(() => inOnePiece.latest(ids)),
    rows: (look) => faulting(() => inOnePiece.rows(look)),
    rollups: (look) => faulting(() => inOnePiece.rollups(look)),
    held: () => faulting(() => inOnePiece.held()),
    close: () => database.close(),
  };
}

function faulting<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw asStoreFault(error);
  }
}

function widthOf(level: number): number {
  const found = ROLLUP_LEVELS.find((one) => one.level === level);
  if (found === undefined) throw new RangeError(`there is no rollup of level ${level}`);
  return found.widthMs;
}

/** In the order in which `rows` tells them. */
function isLater(a: Position, b: Position): boolean {
  return (a.at - b.at || a.stream - b.stream || a.seq - b.seq) > 0;
}

/** A store has a stream for each run of a reader: thousands in years, each asked once. */
function nameOfStream(database: SqliteDatabase): (id: number) => string {
  const find = database.prepare<[number], string>('SELECT stream FROM streams WHERE id = ?').pluck();
  const names = new Map<number, string>();
  return (id) => {
    const name = names.get(id) ?? find.get(id) ?? 'unknown';
    names.set(id, name);
    return name;
  };
}

function heldBy(database: SqliteDatabase): Held {
  const from = database
    .prepare<[], readonly [number, number, number, number]>(
      'SELECT raw_from_at, minute_from_at, hour_from_at, day_from_at FROM store',
    )
    .raw()
    .get();
  const unrolled = database
    .prepare<[], Unrolled & { readonly series: number }>(
      'SELECT series, from_at AS fromAt, until_at AS untilAt FROM unrolled',
    )
    .all();
  const [rawFromAt = 0, ...levelFromAt] = from ?? [0, 0, 0, 0];
  return { rawFromAt, levelFromAt, unrolled: new Map(unrolled.map(({ series, ...span }) => [series, span])) };
}
