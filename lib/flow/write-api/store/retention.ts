/**
 * Removes what is older than it is to be kept: readings, then rollups of minutes, of hours, of days, each after its
 * own time and a bounded number in each step. Only readings go, never what tells which of them were received: one
 * that comes again later is a duplicate all the same.
 *
 * What counts as now is the newest reading that has come since the start, and never later than the clock: a clock
 * that somebody has set to a wrong year must not cost a history. Readings whose times nobody vouches for are kept
 * for longer, since their correction may still come, and from before there was this software in any case.
 */

import type { Clock } from '../../../base/clock.ts';
import { RELEASED_AT } from '../../../base/released-at.ts';
import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { FLAG } from '../../reading.ts';
import { bucketOf, ROLLUP_LEVELS } from './rollup.ts';

/** How long each is kept, in milliseconds; 0: for ever. */
export interface RetentionPeriods {
  readonly rawMs: number;
  readonly minuteMs: number;
  readonly hourMs: number;
  readonly dayMs: number;
}

/** What one sweep over the store has removed. */
export interface Aged {
  readonly readings: number;
  readonly rollups: number;
  /** Readings from before this are not there any more; `undefined` if none are removed. Wall time. */
  readonly rawFromAt: number | undefined;
}

export interface Retention {
  /** A reading with this time has come. */
  seen(at: number): void;

  /** One step, inside a transaction; `undefined` if there was nothing to do, else what is so far removed. */
  step(): (Aged & { readonly done: boolean }) | undefined;

  /** The transaction of the last step was taken back: begins anew. */
  rollback(): void;
}

/** Removed in one step: about the time of a full batch. */
const STEP_ROWS_MAX = 2_000;
/** Looked at in one step; most have nothing that old. */
const STEP_SERIES_MAX = 100;
const DAY_MS = ROLLUP_LEVELS[2].widthMs;
/** For how much longer an untrusted reading waits for its correction: a machine that was away for a season comes back. */
export const UNTRUSTED_GRACE_MS = 365 * DAY_MS;

/** Rows of the one kind that are old enough, up to the end of one step. */
const REMOVABLE = `(flags & ${FLAG.clockUntrusted} = 0
  OR (at >= ${RELEASED_AT} AND at < @beforeAt - ${UNTRUSTED_GRACE_MS}))`;

interface Kind {
  readonly periodMs: number;
  /** Of `store`. */
  readonly column: string;
  /** `undefined`: readings. */
  readonly level: number | undefined;
}

interface Sweep {
  readonly horizons: readonly number[];
  kind: number;
  series: number;
  /** Behind which reading or rollup of it to go on. */
  at: number;
  readings: number;
  rollups: number;
}

export function createRetention(
  database: SqliteDatabase,
  periods: RetentionPeriods,
  clock: Pick<Clock, 'wallMs'>,
): Retention {
  const kinds: readonly Kind[] = [
    { periodMs: periods.rawMs, column: 'raw_from_at', level: undefined },
    { periodMs: periods.minuteMs, column: 'minute_from_at', level: 0 },
    { periodMs: periods.hourMs, column: 'hour_from_at', level: 1 },
    { periodMs: periods.dayMs, column: 'day_from_at', level: 2 },
  ];
  const isUnrolled = database
    .prepare<[number], number>('SELECT 1 FROM unrolled WHERE from_at < ? LIMIT 1')
    .pluck();
  const seriesAfter = database
    .prepare<[number], number>('SELECT id FROM series WHERE id > ? ORDER BY id LIMIT 1')
    .pluck();
  const raise = kinds.map(({ column }) =>
    database.prepare<[number]>(`UPDATE store SET ${column} = max(${column}, ?)`),
  );
  const readings = prepareRemoval(database, 'readings', 'series = @series');
  const rollups = prepareRemoval(database, 'rollups', 'level = @level AND series = @series');
  const forgetThinned = database.prepare<Span>(
    `DELETE FROM thinned WHERE (stream, seq) IN (
       SELECT stream, seq FROM readings
       WHERE series = @series AND at >= @fromAt AND at <= @toAt AND flags & ${FLAG.thinned} AND ${REMOVABLE})`,
  );

  let newestAt = 0;
  let swept: readonly number[] = kinds.map(() => 0);
  let sweep: Sweep | undefined;

  /** Whole days, so that no rollup of any level is removed in part. */
  function horizonsNow(): number[] {
    const nowAt = Math.min(newestAt, clock.wallMs());
    return kinds.map(({ periodMs }) =>
      periodMs === 0 ? 0 : Math.max(0, bucketOf(Math.max(0, nowAt - periodMs), DAY_MS)),
    );
  }

  /** Removes what is old of one series, at most `rowsMax`; says how many it looked at. */
  function remove(now: Sweep, rowsMax: number): number {
    const { level } = kinds[now.kind] ?? {};
    const beforeAt = now.horizons[now.kind] ?? 0;
    const removal = level === undefined ? readings : rollups;
    const where = { series: now.series, level: level ?? 0, fromAt: now.at, beforeAt };
    const ats = removal.old.all({ ...where, rowsMax });
    const toAt = ats.at(-1);
    if (toAt === undefined) return 0;
    const span = { ...where, toAt };
    if (level === undefined) forgetThinned.run(span);
    const { changes } = removal.remove.run(span);
    if (level === undefined) now.readings += changes;
    else now.rollups += changes;
    now.at = toAt + 1;
    return ats.length;
  }

  /** To the next series, or the first one of the next kind; `false` at the end. */
  function goOn(now: Sweep): boolean {
    now.at = 0;
    for (;;) {
      const kept = (now.horizons[now.kind] ?? 0) === 0;
      const series = kept ? undefined : seriesAfter.get(now.series);
      if (series !== undefined) {
        now.series = series;
        return true;
      }
      now.kind += 1;
      now.series = 0;
      if (now.kind >= kinds.length) return false;
    }
  }

  function begin(): Sweep | undefined {
    const horizons = horizonsNow();
    const isDue = horizons.some((horizon, i) => horizon > (swept[i] ?? 0));
    // Readings that are not in rollups yet must not leave before they are.
    if (!isDue || isUnrolled.get(Math.max(...horizons)) !== undefined) return undefined;
    for (const [i, horizon] of horizons.entries()) raise[i]?.run(horizon);
    return { horizons, kind: 0, series: 0, at: 0, readings: 0, rollups: 0 };
  }

  return {
    seen(at) {
      newestAt = Math.max(newestAt, at);
    },
    step() {
      sweep ??= begin();
      if (sweep === undefined) return undefined;
      const now = sweep;
      let left = STEP_ROWS_MAX;
      let done = false;
      for (let looked = 0; looked < STEP_SERIES_MAX && left > 0 && !done; looked += 1) {
        if (now.series > 0) left -= remove(now, left);
        if (left > 0) done = !goOn(now);
      }
      if (done) {
        swept = now.horizons;
        sweep = undefined;
      }
      const rawFromAt = now.horizons[0] === 0 ? undefined : now.horizons[0];
      return { done, readings: now.readings, rollups: now.rollups, rawFromAt };
    },
    rollback() {
      sweep = undefined;
      swept = kinds.map(() => 0);
    },
  };
}

interface Span {
  readonly series: number;
  readonly level: number;
  readonly fromAt: number;
  readonly toAt: number;
  readonly beforeAt: number;
}

function prepareRemoval(database: SqliteDatabase, table: string, of: string) {
  return {
    /** Times of the oldest, those included that are kept for longer. */
    old: database
      .prepare<Omit<Span, 'toAt'> & { readonly rowsMax: number }, number>(
        `SELECT at FROM ${table} WHERE ${of} AND at >= @fromAt AND at < @beforeAt ORDER BY at LIMIT @rowsMax`,
      )
      .pluck(),
    remove: database.prepare<Span>(
      `DELETE FROM ${table} WHERE ${of} AND at >= @fromAt AND at <= @toAt AND ${REMOVABLE}`,
    ),
  };
}
