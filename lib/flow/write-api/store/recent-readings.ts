/**
 * Where a stored reading lies. In its place at once, by series and time, each reading of a round would dirty a
 * page of its own, and a commit writes pages whole. So a few readings are laid down in the order in which they
 * came, all on one page, and go to their places when there are many: the same pages, touched once for hundreds
 * of rounds (docs/decisions/0018-a-round-touches-few-pages.md). Large batches go to their places at once.
 *
 * Whatever goes to its place is added to the rollups of its series in the same transaction, or noted there as still to
 * be added: a batch of a backlog has so many readings of each series that its rollups are left for later.
 *
 * It is bookkeeping within the file. What is stored is durable with its commit either way, and moves within one.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { ReadingCells, RollupChange, Rollups } from './rollups.ts';

export interface RecentReadings {
  /** Where the readings of a batch of so many are to be put. Inside a transaction, and ended within it. */
  putFor(rows: number): Putting;

  /** Moves them all to their places once there are enough. Inside a transaction. */
  settleIfMany(): void;

  /** Moves them now: for who wants to change readings. Inside a transaction. */
  settle(): void;
}

/** What is put is in the file after the next `flush`, at the latest. */
export interface Putting {
  put(...reading: ReadingCells): void;
  flush(): void;
}

/**
 * So many are moved at once, within somebody's request: as long as two full batches take. Each look at a series
 * reads all that have not been moved, 80 KiB, which must stay small beside a page of the answer.
 */
const RECENT_ROWS_MAX = 2_000;

/**
 * Readings of one series in one batch from which on their rollups follow later: there is a span to note in any case, and
 * these are the minutes of a few rounds. A round of many sensors never has as many.
 */
const LATER_ROWS_MIN = 16;

/** A batch with so many rows has several for each page that it touches, unless it has hundreds of series. */
const DIRECT_ROWS_MIN = 250;

/**
 * Rows that one call inserts, of a batch of any size: 200,000 rows in transactions of 4,000 took 0.71 of the time
 * that they take one a call, as medians of seven turns; 50 and 100 a call were no faster.
 */
const ROWS_A_CALL = 20;

const COLUMNS = ['series', 'at', 'stream', 'seq', 'value', 'flags'];

export function createRecentReadings(database: SqliteDatabase, rollups: Rollups): RecentReadings {
  const intoPlaces = prepareInsert(database, 'readings');
  const inOrder = prepareInsert(database, 'recent_readings');
  // Rows leave all together, and rowids begin anew with an empty table: the highest is how many there are.
  const count = database.prepare<[], number>('SELECT coalesce(max(rowid), 0) FROM recent_readings').pluck();
  // In the order of the table, each page is filled before the next is touched. One that is in its place already
  // can only come from damaged ranges, and must not keep all others from theirs, nor be counted again.
  const place = database
    .prepare<[], [...ReadingCells]>(
      `INSERT OR IGNORE INTO readings (${COLUMNS})
       SELECT ${COLUMNS} FROM recent_readings ORDER BY series, at, stream, seq RETURNING ${COLUMNS}`,
    )
    .raw();
  const clear = database.prepare('DELETE FROM recent_readings');

  function settle(): void {
    const change = rollups.begin();
    for (const reading of place.all()) change.add(...reading);
    clear.run();
    change.flush();
  }

  return {
    putFor: (rows) =>
      rows >= DIRECT_ROWS_MIN ? createPutting(intoPlaces, rollups.begin()) : createPutting(inOrder),
    settleIfMany() {
      if ((count.get() ?? 0) >= RECENT_ROWS_MAX) settle();
    },
    settle,
  };
}

/** Begun anew for each batch, because one that failed may have left rows behind that its transaction took back. */
function createPutting(insert: Insert, change?: RollupChange): Putting {
  /** Rows as plain cells, one after the other: an array for each would be as much work as inserting it. */
  let bySeries = new Map<number, number[]>();

  return {
    put(series, at, stream, seq, value, flags) {
      // In order of arrival they are all of one kind.
      const kind = change === undefined ? 0 : series;
      let cells = bySeries.get(kind);
      if (cells === undefined) {
        cells = [];
        bySeries.set(kind, cells);
      }
      cells.push(series, at, stream, seq, value, flags);
    },
    flush() {
      // Series by series, as the table is: neighbours share their page.
      const parts = [...bySeries].sort(([a], [b]) => a - b);
      bySeries = new Map();
      const now = parts.filter(
        ([series, cells]) => change !== undefined && !isForLater(change, series, cells),
      );
      insert(parts.map(([, cells]) => cells));
      if (change === undefined) return;
      for (const [, cells] of now) addAll(change, cells);
      change.flush();
    },
  };
}

/** Asked before they are in their places. */
function isForLater(change: RollupChange, series: number, cells: readonly number[]): boolean {
  if (cells.length < LATER_ROWS_MIN * COLUMNS.length) return false;
  let fromAt = Number.POSITIVE_INFINITY;
  let toAt = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < cells.length; i += COLUMNS.length) {
    const at = cells[i] ?? 0;
    if (at < fromAt) fromAt = at;
    if (at > toAt) toAt = at;
  }
  return change.leave(series, fromAt, toAt);
}

function addAll(change: RollupChange, cells: readonly number[]): void {
  const cell = (at: number) => cells[at] ?? 0;
  for (let i = 0; i < cells.length; i += COLUMNS.length) {
    change.add(cell(i), cell(i + 1), cell(i + 2), cell(i + 3), cell(i + 4), cell(i + 5));
  }
}

/** Takes the cells of any number of rows, in as many parts as they lie in. */
type Insert = (parts: readonly (readonly number[])[]) => void;

function prepareInsert(database: SqliteDatabase, table: string): Insert {
  const places = `(${COLUMNS.map(() => '?')})`;
  const ofRows = (rows: number) =>
    database.prepare<[readonly number[]]>(
      `INSERT INTO ${table} (${COLUMNS}) VALUES ${Array(rows).fill(places)}`,
    );
  const insertMany = ofRows(ROWS_A_CALL);
  const insertOne = ofRows(1);
  /** The cells of one call, written over for the next one: to put all parts into one list first is a tenth of the work. */
  const call = Array<number>(ROWS_A_CALL * COLUMNS.length).fill(0);

  return (parts) => {
    let held = 0;
    for (const cells of parts) {
      for (let i = 0; i < cells.length; i += 1) {
        call[held] = cells[i] ?? 0;
        held += 1;
        if (held < call.length) continue;
        insertMany.run(call);
        held = 0;
      }
    }
    for (let at = 0; at < held; at += COLUMNS.length) insertOne.run(call.slice(at, at + COLUMNS.length));
  };
}
