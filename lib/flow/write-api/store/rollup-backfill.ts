/**
 * Rolls up what is in its place and in no rollup yet (`unrolled.ts`): of one series after the other, from the oldest
 * reading on, a bounded number in each step. The span gets shorter in the same transaction, so that a crash begins
 * where the last step ended and no reading is summed up twice.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { ReadingCells, Rollups } from './rollups.ts';
import type { Unrolled } from './unrolled.ts';

export interface RollupBackfill {
  /** Whether there is something to do. */
  isDue(): boolean;

  /** One step, inside a transaction; `false` if there was nothing to do. */
  step(): boolean;
}

/** As long as a full batch takes. */
const STEP_ROWS_MAX = 4_000;

export function createRollupBackfill(database: SqliteDatabase, rollups: Rollups): RollupBackfill {
  const next = database.prepare<[], Unrolled & { readonly series: number }>(
    'SELECT series, from_at AS fromAt, until_at AS untilAt FROM unrolled ORDER BY series LIMIT 1',
  );
  const rowsIn = database
    .prepare<number[], [...ReadingCells]>(
      `SELECT series, at, stream, seq, value, flags FROM readings
       WHERE series = ? AND at >= ? AND at < ? ORDER BY at, stream, seq LIMIT ?`,
    )
    .raw();
  const rowsAt = database
    .prepare<[number, number], [...ReadingCells]>(
      'SELECT series, at, stream, seq, value, flags FROM readings WHERE series = ? AND at = ?',
    )
    .raw();
  const reach = database.prepare<[number, number]>('UPDATE unrolled SET from_at = ? WHERE series = ?');
  const finish = database.prepare<[number]>('DELETE FROM unrolled WHERE series = ?');

  /** Whole moments: what has the same time as the last row may go on beyond it. */
  function wholeMoments(rows: readonly ReadingCells[]): readonly ReadingCells[] {
    const last = rows.at(-1);
    if (last === undefined || rows.length < STEP_ROWS_MAX) return rows;
    const [series, at] = last;
    const whole = rows.filter((row) => row[1] < at);
    return whole.length > 0 ? whole : rowsAt.all(series, at);
  }

  return {
    isDue: () => next.get() !== undefined,
    step() {
      const task = next.get();
      if (task === undefined) return false;
      const { series, fromAt, untilAt } = task;
      const found = rowsIn.all(series, fromAt, untilAt, STEP_ROWS_MAX);
      const rows = wholeMoments(found);
      const reachedAt = found.length < STEP_ROWS_MAX ? untilAt : (rows.at(-1)?.[1] ?? untilAt) + 1;
      // Shortened first: what is within the span is not taken.
      if (reachedAt >= untilAt) finish.run(series);
      else reach.run(reachedAt, series);
      const change = rollups.begin();
      for (const row of rows) change.add(...row);
      change.flush();
      return true;
    },
  };
}
