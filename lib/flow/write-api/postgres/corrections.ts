/**
 * Declared clock corrections in PostgreSQL: noted with the batch that declares them, carried out in bounded steps in
 * transactions of their own, and kept on record for readings that were on their way meanwhile. A step holds the
 * stream whose readings it moves, so that nobody looks for them while they move.
 */

import type { Correction } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import type { CorrectionTask } from '../correction-task.ts';
import { numbers, type Sql } from './connections.ts';
import type { Stretch } from './months.ts';
import { addToRollups, type Bucket, type ReadingToSum, rebuildRollups } from './rollup-rows.ts';

/** Readings looked at in one step: with every one of them moved, about the time of a full batch. */
const STEP_ROWS_MAX = 2_000;
/** Of one stream on record. A boot makes one for each stream of its runs, now and then a second. */
const ON_RECORD_MAX = 100;

/** Corrections of a stream, under the name of a gateway whose series may hold its readings. */
export interface Declared {
  readonly stream: number;
  readonly gateway: string;
  readonly corrections: readonly Correction[];
}

export async function correctionsOf(
  sql: Sql,
  streams: readonly number[],
): Promise<Map<number, Correction[]>> {
  const rows = await sql.rows<Record<'stream' | 'lo' | 'hi' | 'offset' | 'fromAt' | 'toAt', number>>(
    `SELECT stream, lo, hi, offset_ms AS offset, from_at AS "fromAt", to_at AS "toAt"
     FROM sensorgw.corrections WHERE stream = ANY ($1::integer[]) ORDER BY id`,
    [numbers(streams)],
  );
  const found = new Map<number, Correction[]>();
  for (const { stream, lo, hi, offset, fromAt, toAt } of rows)
    found.set(stream, [...(found.get(stream) ?? []), [lo, hi, offset, fromAt, toAt]]);
  return found;
}

/** Notes each once. The streams are locked. */
export async function declareCorrections(sql: Sql, declared: readonly Declared[]): Promise<void> {
  const rows = declared.flatMap(({ stream, gateway, corrections }) =>
    corrections.map((one) => ({ stream, gateway, one })),
  );
  if (rows.length === 0) return;
  await sql.run(
    `INSERT INTO sensorgw.corrections (stream, gateway, lo, hi, offset_ms, from_at, to_at)
     SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
     ON CONFLICT DO NOTHING`,
    [
      numbers(rows.map(({ stream }) => stream)),
      rows.map(({ gateway }) => gateway),
      ...([0, 1, 2, 3, 4] as const).map((i) => numbers(rows.map(({ one }) => one[i]))),
    ],
  );
  await sql.run(
    `DELETE FROM sensorgw.corrections WHERE id IN (
       SELECT id FROM (
         SELECT id, row_number() OVER (PARTITION BY stream ORDER BY id DESC) AS age
         FROM sensorgw.corrections WHERE stream = ANY ($1::integer[])) AS aged
       WHERE age > ${ON_RECORD_MAX})`,
    [numbers(new Set(rows.map(({ stream }) => stream)))],
  );
}

interface Row extends ReadingToSum {
  readonly stream: number;
  readonly seq: number;
}

/** What a step has come to, and what it cannot go on without. */
export interface CorrectionStep {
  readonly state: 'nothing_to_do' | 'more_to_do' | 'needs';
  readonly needs: readonly Stretch[];
}

const NOTHING: CorrectionStep = { state: 'nothing_to_do', needs: [] };
const MORE: CorrectionStep = { state: 'more_to_do', needs: [] };

/**
 * Carries corrections out a little further; `missing` says which stretches have no partition yet. Where one is
 * missing nothing has been changed.
 */
export async function correctionStep(
  sql: Sql,
  missing: (ats: readonly number[]) => readonly Stretch[],
): Promise<CorrectionStep> {
  const [open] = await sql.rows<{ id: number; stream: number }>(
    'SELECT id, stream FROM sensorgw.corrections WHERE done = 0 ORDER BY id LIMIT 1',
  );
  if (open === undefined) return NOTHING;
  await sql.rows('SELECT 1 FROM sensorgw.streams WHERE id = $1 FOR UPDATE', [open.stream]);
  const [task] = await sql.rows<CorrectionTask>(
    `SELECT id, stream, gateway, lo, hi, offset_ms AS offset, from_at AS "fromAt", to_at AS "toAt",
       series, at, at_stream AS "atStream", at_seq AS "atSeq"
     FROM sensorgw.corrections WHERE id = $1 AND done = 0`,
    [open.id],
  );
  // Another write API has just done the rest of it.
  if (task === undefined) return MORE;
  const rows = await rowsBehind(sql, task);
  const { stream, lo, hi, offset } = task;
  const moved = rows.filter(
    (row) =>
      row.stream === stream && row.seq >= lo && row.seq <= hi && (row.flags & FLAG.clockUntrusted) !== 0,
  );
  const needs = missing(moved.map(({ at }) => at + offset));
  if (needs.length > 0) return { state: 'needs', needs };
  await move(sql, task, moved);
  const last = rows.at(-1);
  if (last === undefined || rows.length < STEP_ROWS_MAX) {
    await sql.run('UPDATE sensorgw.corrections SET done = 1 WHERE id = $1', [task.id]);
    return MORE;
  }
  await sql.run(
    'UPDATE sensorgw.corrections SET series = $1, at = $2, at_stream = $3, at_seq = $4 WHERE id = $5',
    [last.series, last.at, last.stream, last.seq, task.id],
  );
  return MORE;
}

/** In the order of series and time, from where the task has got to. */
function rowsBehind(sql: Sql, task: CorrectionTask): Promise<Row[]> {
  const { gateway, series, at, atStream, atSeq, fromAt, toAt } = task;
  return sql.rows<Row>(
    `SELECT own.id AS series, found.at, found.stream, found.seq, found.value, found.flags,
       (found.thinned).count, (found.thinned).min, (found.thinned).max, (found.thinned).first,
       (found.thinned).last, (found.thinned).span_ms AS "spanMs"
     FROM (SELECT id FROM sensorgw.series WHERE gateway = $1 AND id >= $2 ORDER BY id) AS own
     CROSS JOIN LATERAL (
       SELECT at, stream, seq, value, flags, thinned FROM sensorgw.readings
       WHERE series = own.id AND at BETWEEN $6::bigint AND $7::bigint
         AND (at, stream, seq) > (CASE WHEN own.id = $2 THEN $3::bigint ELSE $6::bigint END,
                                  CASE WHEN own.id = $2 THEN $4::integer ELSE 0 END,
                                  CASE WHEN own.id = $2 THEN $5::bigint ELSE 0 END)
       ORDER BY at, stream, seq LIMIT ${STEP_ROWS_MAX}) AS found
     ORDER BY own.id, found.at, found.stream, found.seq LIMIT ${STEP_ROWS_MAX}`,
    [gateway, series, at, atStream, atSeq, fromAt, toAt],
  );
}

async function move(sql: Sql, { offset }: CorrectionTask, moved: readonly Row[]): Promise<void> {
  if (moved.length === 0) return;
  await sql.run(
    `UPDATE sensorgw.readings SET at = readings.at + $5::bigint, flags = (flags & ~${FLAG.clockUntrusted})::smallint
     FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::bigint[]) AS moved (series, at, stream, seq)
     WHERE readings.series = moved.series AND readings.at = moved.at AND readings.stream = moved.stream
       AND readings.seq = moved.seq`,
    [
      numbers(moved.map((row) => row.series)),
      numbers(moved.map((row) => row.at)),
      numbers(moved.map((row) => row.stream)),
      numbers(moved.map((row) => row.seq)),
      offset,
    ],
  );
  const left = moved.map(({ series, at, flags }): Bucket => ({ series, at, flags }));
  const added = moved.map(({ series, at, value, flags, count, min, max, first, last, spanMs }) => ({
    series,
    at: at + offset,
    value,
    flags: flags & ~FLAG.clockUntrusted,
    stands: count === null ? undefined : { count, min, max, first, last, spanMs },
  }));
  await rebuildRollups(sql, left);
  await addToRollups(sql, added);
}
