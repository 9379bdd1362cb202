/**
 * Rollups at rest, kept in step with the readings that lie in their places: what puts a reading there, moves it or
 * takes it from there says so here, in the same transaction. Adding is putting two rollups together, so it is exact
 * whatever has come before, in whatever order, also where the readings themselves have been removed because of
 * their age. Only what is moved away is worked out anew, from the level below.
 *
 * What is to be summed up later (`unrolled.ts`) is left alone here until its turn comes.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { FLAG } from '../../reading.ts';
import { bucketOf, ROLLUP_LEVELS, type Rollup, type RollupLevel } from './rollup.ts';
import { createLevelSums, createSums, type Stands } from './rollup-sums.ts';
import type { UnrolledNow, UnrolledSpans } from './unrolled.ts';

/** A reading, by the columns of its table. */
export type ReadingCells = readonly [
  series: number,
  at: number,
  stream: number,
  seq: number,
  value: number,
  flags: number,
];

export interface Rollups {
  /** For what is put in its place or moved within one transaction; ends with its `flush`. */
  begin(): RollupChange;
}

export interface RollupChange {
  /**
   * The readings of a series between these moments are about to be put in their places. `true`: their rollups follow
   * later, also where `add` tells of them.
   */
  leave(series: number, fromAt: number, toAt: number): boolean;

  /** It is in its place now. Cheap if readings come in the order of series and time, right in any order. */
  add(...reading: ReadingCells): void;

  /** It was there, and is not any more. */
  remove(series: number, at: number, flags: number): void;

  /** Rollups tell of what is there. */
  flush(): void;
}

/** Rows that one call inserts. More at a time were no faster. */
const ROWS_A_CALL = 10;
const COLUMNS = 12;

export function createRollups(database: SqliteDatabase, unrolled: UnrolledSpans): Rollups {
  const upsertMany = prepareUpsert(database, ROWS_A_CALL);
  const upsertOne = prepareUpsert(database, 1);
  const standsOf = database.prepare<[number, number], Stands>(
    'SELECT count, min, max, first, last, span_ms AS spanMs FROM thinned WHERE stream = ? AND seq = ?',
  );
  const rebuild = prepareRebuild(database, (stream, seq) => standsOf.get(stream, seq));

  return {
    begin() {
      const later = unrolled.begin();
      const cells = ROLLUP_LEVELS.map((): number[] => []);
      const left = new Map<string, { series: number; at: number; flags: number }>();

      function write({ level }: RollupLevel, rollup: Rollup): void {
        const rows = cells[level];
        if (rows === undefined) return;
        pushCells(rows, level, rollup);
        if (rows.length < ROWS_A_CALL * COLUMNS) return;
        upsertMany.run(rows);
        rows.length = 0;
      }
      const sums = createSums(write);

      function writeRest(): void {
        sums.flush();
        for (const rows of cells) {
          for (let at = 0; at < rows.length; at += COLUMNS) upsertOne.run(rows.slice(at, at + COLUMNS));
          rows.length = 0;
        }
      }

      return {
        leave: later.leave,
        add(series, at, stream, seq, value, flags) {
          if (later.has(series, at)) return;
          const stands = (flags & FLAG.thinned) === 0 ? undefined : standsOf.get(stream, seq);
          sums.add(series, at, value, flags & ~FLAG.thinned, stands);
        },
        remove(series, at, flags) {
          const minute = bucketOf(at, ROLLUP_LEVELS[0].widthMs);
          const remarks = flags & ~FLAG.thinned;
          left.set(`${series} ${minute} ${remarks}`, { series, at: minute, flags: remarks });
        },
        flush() {
          writeRest();
          for (const level of ROLLUP_LEVELS) {
            const done = new Set<string>();
            for (const one of left.values()) {
              const at = bucketOf(one.at, level.widthMs);
              const name = `${one.series} ${at} ${one.flags}`;
              if (done.has(name)) continue;
              done.add(name);
              rebuild(level, { ...one, at }, later, write);
            }
            // The next level is made of this one.
            writeRest();
          }
          left.clear();
        },
      };
    },
  };
}

/** Several rows in one call; two rollups of the same stretch become one. */
function prepareUpsert(database: SqliteDatabase, rows: number) {
  const places = `(${Array(COLUMNS).fill('?')})`;
  return database.prepare<[readonly number[]]>(
    `INSERT INTO rollups (level, series, at, flags, count, mean, min, max, first, first_ms, last, last_ms)
     VALUES ${Array(rows).fill(places)}
     ON CONFLICT DO UPDATE SET
       mean = mean * (1.0 * count / (count + excluded.count))
            + excluded.mean * (1.0 * excluded.count / (count + excluded.count)),
       count = count + excluded.count,
       min = min(min, excluded.min),
       max = max(max, excluded.max),
       first = CASE WHEN excluded.first_ms < first_ms THEN excluded.first
                    WHEN excluded.first_ms = first_ms THEN min(first, excluded.first) ELSE first END,
       first_ms = min(first_ms, excluded.first_ms),
       last = CASE WHEN excluded.last_ms > last_ms THEN excluded.last
                   WHEN excluded.last_ms = last_ms THEN max(last, excluded.last) ELSE last END,
       last_ms = max(last_ms, excluded.last_ms)`,
  );
}

function pushCells(rows: number[], level: number, one: Rollup): void {
  rows.push(level, one.series, one.at, one.flags, one.count, one.mean, one.min, one.max);
  rows.push(one.first, one.firstMs, one.last, one.lastMs);
}

type Write = (level: RollupLevel, rollup: Rollup) => void;
type Bucket = Pick<Rollup, 'series' | 'at' | 'flags'>;

/** Makes one rollup anew from the level below: minutes from the readings that are not to be summed up later. */
function prepareRebuild(
  database: SqliteDatabase,
  standsOf: (stream: number, seq: number) => Stands | undefined,
): (level: RollupLevel, bucket: Bucket, later: UnrolledNow, write: Write) => void {
  const drop = database.prepare<number[]>(
    'DELETE FROM rollups WHERE level = ? AND series = ? AND at = ? AND flags = ?',
  );
  const readingsIn = database
    .prepare<number[], [...ReadingCells]>(
      `SELECT series, at, stream, seq, value, flags FROM readings
       WHERE series = ? AND at >= ? AND at < ? AND flags & ~${FLAG.thinned} = ?`,
    )
    .raw();
  const rollupsIn = database.prepare<number[], Rollup>(
    `SELECT series, at, flags, count, mean, min, max, first, first_ms AS firstMs, last, last_ms AS lastMs
     FROM rollups WHERE level = ? AND series = ? AND at >= ? AND at < ? AND flags = ?`,
  );

  return (level, { series, at, flags }, later, write) => {
    drop.run(level.level, series, at, flags);
    const sums = createLevelSums(level, (rollup) => write(level, rollup));
    const endAt = at + level.widthMs;
    if (level.level === 0) {
      for (const row of readingsIn.iterate(series, at, endAt, flags)) {
        const [, rowAt, stream, seq, value, rowFlags] = row;
        if (later.has(series, rowAt)) continue;
        const stands = (rowFlags & FLAG.thinned) === 0 ? undefined : standsOf(stream, seq);
        sums.add(series, rowAt, value, flags, stands);
      }
    } else {
      for (const part of rollupsIn.all(level.level - 1, series, at, endAt, flags)) sums.addRollup(part);
    }
    sums.flush();
  };
}
