/**
 * Where a stored reading lies. In its place at once, by series and time, each reading of a round would dirty a
 * page of its own, and a commit writes pages whole. So a few readings are laid down in the order in which they
 * came, all on one page, and go to their places when there are many: the same pages, touched once for hundreds
 * of rounds (docs/decisions/0018-a-round-touches-few-pages.md). Large batches go to their places at once.
 *
 * It is bookkeeping within the file. What is stored is durable with its commit either way, and moves within one.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';

export interface RecentReadings {
  /** Where the readings of a batch of so many are to be put, one by one. Inside a transaction. */
  putFor(rows: number): PutReading;

  /** Moves them all to their places once there are enough. Inside a transaction. */
  settleIfMany(): void;

  /** Moves them now: for who wants to change readings. Inside a transaction. */
  settle(): void;
}

export type PutReading = (
  series: number,
  at: number,
  stream: number,
  seq: number,
  value: number,
  flags: number,
) => void;

/**
 * So many are moved at once, within somebody's request: as long as two full batches take. Each look at a series
 * reads all that have not been moved, 80 KiB, which must stay small beside a page of the answer.
 */
const RECENT_ROWS_MAX = 2_000;

/** A batch with so many rows has several for each page that it touches, unless it has hundreds of series. */
const DIRECT_ROWS_MIN = 250;

export function createRecentReadings(database: SqliteDatabase): RecentReadings {
  const prepareInsert = (table: string) =>
    database.prepare<Parameters<PutReading>>(
      `INSERT INTO ${table} (series, at, stream, seq, value, flags) VALUES (?, ?, ?, ?, ?, ?)`,
    );
  // One row a call: fifty a call, alternated with this over 400 batches of 1000, were no faster (4.3 ms
  // both), and one statement over json_each was slower. The time is in the clustered table itself.
  const insertInPlace = prepareInsert('readings');
  const insertRecent = prepareInsert('recent_readings');
  // Rows leave all together, and rowids begin anew with an empty table: the highest is how many there are.
  const count = database.prepare<[], number>('SELECT coalesce(max(rowid), 0) FROM recent_readings').pluck();
  // In the order of the table, each page is filled before the next is touched. One that is in its place already
  // can only come from damaged ranges, and must not keep all others from theirs.
  const place = database.prepare(
    `INSERT OR IGNORE INTO readings (series, at, stream, seq, value, flags)
     SELECT series, at, stream, seq, value, flags FROM recent_readings ORDER BY series, at, stream, seq`,
  );
  const clear = database.prepare('DELETE FROM recent_readings');

  const putInPlace: PutReading = (...row) => void insertInPlace.run(...row);
  const putRecent: PutReading = (...row) => void insertRecent.run(...row);

  function settle(): void {
    place.run();
    clear.run();
  }

  return {
    putFor: (rows) => (rows >= DIRECT_ROWS_MIN ? putInPlace : putRecent),
    settleIfMany() {
      if ((count.get() ?? 0) >= RECENT_ROWS_MAX) settle();
    },
    settle,
  };
}
