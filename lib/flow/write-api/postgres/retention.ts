/**
 * Removes what is older than it is to be kept: readings, then rollups of minutes, of hours, of days, each after its
 * own time. Whole months leave, by dropping their partitions, which takes no longer for millions than for one. So
 * what is kept is kept for up to a month longer than asked for, and never shorter.
 *
 * What counts as now is the newest reading that has come since the start, and never later than the clock: a clock in
 * a wrong year must not cost a history. Readings whose times nobody vouches for are kept for a year longer, since
 * their correction may still come, and from before there was this software in any case. Where there are such
 * readings, only the others leave, a bounded number in each step.
 */

import { FLAG } from '../../reading.ts';
import { type RetentionPeriods, UNTRUSTED_GRACE_MS } from '../store/retention.ts';
import { LOCKS } from './advisory-locks.ts';
import type { Sql } from './connections.ts';
import { OUTER_STRETCHES, stretchOf } from './months.ts';
import { type Partition, partitionsOf } from './partitions.ts';
import { TIMED_TABLES, type TimedTable } from './schema.ts';

/** What a step has removed. */
export interface AgedStep {
  readonly more: boolean;
  /** Names of partitions that are not there any more. */
  readonly dropped: readonly string[];
  /** Readings, one by one. */
  readonly readings: number;
  /** Readings from before this are not kept any more; 0: all are. Wall time. */
  readonly rawFromAt: number;
}

/** Removed in one step where readings leave one by one: about the time of a full batch. */
const STEP_ROWS_MAX = 2_000;

const COLUMNS = ['raw_from_at', 'minute_from_at', 'hour_from_at', 'day_from_at'] as const;
const NOTHING: AgedStep = { more: false, dropped: [], readings: 0, rawFromAt: 0 };

/** From when on each of `TIMED_TABLES` is kept, at the border of a month; 0: all of it. */
export function horizonsOf(periods: RetentionPeriods, nowAt: number): number[] {
  return [periods.rawMs, periods.minuteMs, periods.hourMs, periods.dayMs].map((periodMs) =>
    periodMs === 0 || nowAt <= periodMs ? 0 : stretchOf(nowAt - periodMs).fromAt,
  );
}

/** One step, inside a transaction. Another write API that is at it is left alone. */
export async function retentionStep(sql: Sql, horizons: readonly number[]): Promise<AgedStep> {
  if (horizons.every((horizon) => horizon === 0)) return NOTHING;
  const [lock] = await sql.rows<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
    LOCKS.upkeep,
  ]);
  if (lock?.mine !== true) return NOTHING;
  await sql.run(
    `UPDATE sensorgw.store SET ${COLUMNS.map((name, i) => `${name} = greatest(${name}, $${i + 1}::bigint)`).join(', ')}
     WHERE ${COLUMNS.map((name, i) => `${name} < $${i + 1}::bigint`).join(' OR ')}`,
    horizons,
  );
  const dropped: string[] = [];
  let left = STEP_ROWS_MAX;
  for (const [i, { table }] of TIMED_TABLES.entries()) {
    const beforeAt = horizons[i] ?? 0;
    for (const partition of await partitionsOf(sql, table)) {
      if (partition.stretch.fromAt >= beforeAt || left === 0) continue;
      if (isOuter(partition) || (table === 'readings' && (await mustWait(sql, partition, beforeAt)))) {
        left -= await thinOut(sql, table, partition, { beforeAt, rowsMax: left });
      } else {
        await sql.run(`DROP TABLE ${partition.name}`);
        dropped.push(partition.name);
      }
    }
  }
  return {
    more: left === 0,
    dropped,
    readings: STEP_ROWS_MAX - left,
    rawFromAt: horizons[0] ?? 0,
  };
}

function isOuter({ stretch }: Partition): boolean {
  return OUTER_STRETCHES.some(({ name }) => name === stretch.name);
}

/** Whether it holds readings that are to be kept for longer than others. */
async function mustWait(sql: Sql, { name, stretch }: Partition, beforeAt: number): Promise<boolean> {
  if (stretch.untilAt <= beforeAt - UNTRUSTED_GRACE_MS) return false;
  const [row] = await sql.rows<{ waits: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ${name} WHERE flags & ${FLAG.clockUntrusted} <> 0) AS waits`,
  );
  return row?.waits === true;
}

interface ThinningOut {
  readonly beforeAt: number;
  readonly rowsMax: number;
}

/** Removes what may leave of a partition that stays. */
function thinOut(
  sql: Sql,
  table: TimedTable,
  { name }: Partition,
  { beforeAt, rowsMax }: ThinningOut,
): Promise<number> {
  const mayLeave = table === 'readings' ? ` AND flags & ${FLAG.clockUntrusted} = 0` : '';
  return sql.run(
    `DELETE FROM ${name} WHERE ctid = ANY (ARRAY (
       SELECT ctid FROM ${name} WHERE at < $1${mayLeave} LIMIT ${rowsMax}))`,
    [beforeAt],
  );
}
