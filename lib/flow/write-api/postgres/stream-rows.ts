/**
 * Streams by name, and their locks. Whoever changes anything of a stream holds its row; several are always locked in
 * the order of their names, so that two write APIs may wait for each other but never both at once.
 */

import { GONE_CAUSES, type GoneCause, type StreamAnswer } from '../../reading.ts';
import type { SeqRange } from '../../seq-ranges.ts';
import { RANGES_TOLD_MAX, streamAnswer } from '../stream-answer.ts';
import { numbers, type Session, type Sql } from './connections.ts';

export interface StreamRow {
  readonly id: number;
  readonly stream: string;
  /** Who delivered it last. */
  gateway: string;
  /** The highest seq that a thinned reading stands for; 0 if there is none. */
  thinnedUpTo: number;
  thinnedRows: number;
  thinnedReadings: number;
}

const COLUMNS = `id, stream, gateway, thinned_up_to AS "thinnedUpTo", thinned_rows AS "thinnedRows",
  thinned_readings AS "thinnedReadings"`;

/** Those of these streams that there are, locked until the end of the transaction. */
export async function lockStreams(sql: Sql, names: readonly string[]): Promise<Map<string, StreamRow>> {
  const rows = await sql.rows<StreamRow>(
    `SELECT ${COLUMNS} FROM sensorgw.streams WHERE stream = ANY ($1) ORDER BY stream FOR UPDATE`,
    [names],
  );
  return new Map(rows.map((row) => [row.stream, row]));
}

/** Begins streams that nobody has heard of. A name without readings harms nobody. */
export function beginStreams(
  session: Session,
  streams: ReadonlyMap<string, { readonly gateway: string }>,
): Promise<void> {
  // In the order of names, like locks: two that begin the same ones wait for each other one way only.
  const names = [...streams.keys()].sort();
  return session.transaction(async (sql) => {
    await sql.run(
      `INSERT INTO sensorgw.streams (stream, gateway)
       SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (stream) DO NOTHING`,
      [names, names.map((name) => streams.get(name)?.gateway ?? '')],
    );
  });
}

export async function writeStreams(sql: Sql, rows: readonly StreamRow[]): Promise<void> {
  if (rows.length === 0) return;
  const cells = (of: (row: StreamRow) => number) => numbers(rows.map(of));
  await sql.run(
    `UPDATE sensorgw.streams SET gateway = new.gateway, thinned_up_to = new.thinned_up_to,
       thinned_rows = new.thinned_rows, thinned_readings = new.thinned_readings
     FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
       AS new (id, gateway, thinned_up_to, thinned_rows, thinned_readings)
     WHERE streams.id = new.id`,
    [
      cells((row) => row.id),
      rows.map((row) => row.gateway),
      cells((row) => row.thinnedUpTo),
      cells((row) => row.thinnedRows),
      cells((row) => row.thinnedReadings),
    ],
  );
}

/** What there is of a stream, from seq `from` on, in parts of a bounded size. */
export async function describeStream(sql: Sql, stream: string, from: number): Promise<StreamAnswer> {
  const [row] = await sql.rows<{ id: number; gateway: string; highest: number | null }>(
    `SELECT id, gateway, (SELECT hi FROM sensorgw.received WHERE stream = streams.id ORDER BY lo DESC LIMIT 1) AS highest
     FROM sensorgw.streams WHERE stream = $1`,
    [stream],
  );
  if (row === undefined) return { stream, gateway: null, received: [], gone: [] };
  const received = await pageOf(sql, { table: 'received', stream: row.id, from });
  const gone: (readonly [GoneCause, readonly SeqRange[]])[] = [];
  for (const cause of GONE_CAUSES) {
    gone.push([cause, await pageOf(sql, { table: 'gone', stream: row.id, from, cause })]);
  }
  return streamAnswer({
    stream,
    from,
    gateway: row.gateway,
    highest: row.highest ?? undefined,
    received,
    gone,
  });
}

interface PageOf {
  readonly table: 'received' | 'gone';
  readonly stream: number;
  readonly from: number;
  readonly cause?: GoneCause;
}

/** Ranges from the one that contains or follows `from` on, the first cut to begin there. */
async function pageOf(sql: Sql, { table, stream, from, cause }: PageOf): Promise<SeqRange[]> {
  const ofKey = `stream = $1${cause === undefined ? '' : ' AND cause = $4'}`;
  const rows = await sql.rows<{ lo: number; hi: number }>(
    `SELECT * FROM (
       (SELECT lo, hi FROM sensorgw.${table} WHERE ${ofKey} AND lo <= $2 ORDER BY lo DESC LIMIT 1)
       UNION ALL
       (SELECT lo, hi FROM sensorgw.${table} WHERE ${ofKey} AND lo > $2 ORDER BY lo LIMIT $3)
     ) AS found WHERE hi >= $2 ORDER BY lo LIMIT $3`,
    [stream, from, RANGES_TOLD_MAX, ...(cause === undefined ? [] : [cause])],
  );
  return rows.map(({ lo, hi }) => [Math.max(lo, from), hi]);
}
