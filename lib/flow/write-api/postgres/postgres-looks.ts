/**
 * Looks at a store in PostgreSQL, for those who answer questions: each is one short transaction that can only read.
 * Readings are in their rollups from the moment at which they are stored, so there is nothing to be added here.
 */

import type { Thinned } from '../../reading.ts';
import type {
  AskStore,
  Held,
  LookName,
  Position,
  ReadingRow,
  RollupLook,
  RowLook,
  SeriesLook,
  SeriesRow,
  StoreLooks,
  Summary,
} from '../store/store-looks.ts';
import { type ConnectionOptions, createConnections, numbers, type Sql } from './connections.ts';
import { TIMED_TABLES } from './schema.ts';

export interface PostgresLooks {
  /** Rejects with `StoreFault`; anything else is a bug. */
  readonly ask: AskStore;
  close(): Promise<void>;
}

/** Less than an answer may take in all, so that it says why there is none. */
const LOOK_MAX_MS = 8_000;

export function openPostgresLooks(options: ConnectionOptions): PostgresLooks {
  const connections = createConnections(options);
  const ask = ((name: LookName, ...args: unknown[]) =>
    connections.within('store look', LOOK_MAX_MS, (session) =>
      session.look((sql) => {
        const look = LOOKS[name] as (sql: Sql, ...given: unknown[]) => Promise<unknown>;
        return look(sql, ...args);
      }),
    )) as AskStore;
  return { ask, close: () => connections.close() };
}

type Looks = {
  readonly [Name in LookName]: (
    sql: Sql,
    ...args: Parameters<StoreLooks[Name]>
  ) => Promise<ReturnType<StoreLooks[Name]>>;
};

const LOOKS: Looks = {
  series: (sql, { gateway, sensor, metric, unit, after, limit }: SeriesLook) =>
    sql.rows<SeriesRow>(
      `SELECT id, gateway, sensor, metric, unit FROM sensorgw.series
       WHERE (gateway, sensor, metric, unit) > ($1, $2, $3, $4) AND gateway = coalesce($5, gateway)
         AND sensor = coalesce($6, sensor) AND metric = coalesce($7, metric) AND unit = coalesce($8, unit)
       ORDER BY gateway, sensor, metric, unit LIMIT $9`,
      [
        ...[after?.gateway, after?.sensor, after?.metric, after?.unit].map((name) => name ?? ''),
        ...[gateway, sensor, metric, unit].map((name) => name ?? null),
        limit,
      ],
    ),
  async latest(sql, ids) {
    const rows = await sql.rows<FlatRow>(
      `SELECT asked.id, found.* FROM unnest($1::integer[]) WITH ORDINALITY AS asked (id, place)
       CROSS JOIN LATERAL (
         SELECT ${FLAT} FROM sensorgw.readings AS reading WHERE series = asked.id
         ORDER BY at DESC, stream DESC, seq DESC LIMIT 1) AS found
       ORDER BY asked.place`,
      [numbers(ids)],
    );
    return rows.map(wholeRow);
  },
  async rows(sql, { id, after, untilAt, limit }: RowLook) {
    const found = await sql.rows<FlatRow>(
      `SELECT $1::integer AS id, ${FLAT} FROM sensorgw.readings AS reading
       WHERE series = $1 AND at >= $2 AND (at, stream, seq) > ($2, $3, $4) AND at < $5
       ORDER BY at, stream, seq LIMIT $6`,
      [id, after.at, after.stream, after.seq, untilAt, limit],
    );
    const rows = found.map(wholeRow);
    const last = rows.at(-1);
    if (rows.length < limit || last === undefined) return { rows };
    const next: Position = { at: last.at, stream: last.stream, seq: last.seq };
    return { rows, next };
  },
  async rollups(sql, { id, level, fromAt, untilAt, limit }: RollupLook) {
    const table = TIMED_TABLES.find((one) => one.level === level)?.table;
    if (table === undefined) throw new RangeError(`there is no rollup of level ${level}`);
    const found = await sql.rows<Summary>(
      `SELECT at, flags, count, mean, min, max, first, at + first_ms AS "firstAt", last, at + last_ms AS "lastAt"
       FROM sensorgw.${table} WHERE series = $1 AND at >= $2 AND at < $3 ORDER BY at, flags LIMIT $4`,
      [id, fromAt, untilAt, limit],
    );
    const last = found.at(-1);
    // The last stretch of a full page may go on behind it: it is told with the next one. A stretch has as many rows
    // as there are kinds of remarks, far fewer than a page.
    if (found.length < limit || last === undefined || last.at === fromAt) return { summaries: found };
    return { summaries: found.filter(({ at }) => at < last.at), nextAt: last.at };
  },
  async held(sql): Promise<Held> {
    const [row] = await sql.rows<Record<'raw' | 'minute' | 'hour' | 'day', number>>(
      `SELECT raw_from_at AS raw, minute_from_at AS minute, hour_from_at AS hour, day_from_at AS day
       FROM sensorgw.store`,
    );
    const levelFromAt = [row?.minute ?? 0, row?.hour ?? 0, row?.day ?? 0];
    return { rawFromAt: row?.raw ?? 0, levelFromAt, unrolled: new Map() };
  },
};

/** A reading with what it stands for as columns of its own, of the table under the name `reading`. */
export const FLAT = `reading.at, reading.stream, reading.seq, reading.value, reading.flags,
  (SELECT stream FROM sensorgw.streams WHERE streams.id = reading.stream) AS "streamName",
  (thinned).count, (thinned).min, (thinned).max, (thinned).first, (thinned).last, (thinned).span_ms AS "spanMs",
  (SELECT stream FROM sensorgw.streams WHERE streams.id = (thinned).source) AS source, (thinned).lo, (thinned).hi`;

export interface FlatRow extends Omit<ReadingRow, 'thinned'>, Omit<Thinned, 'count'> {
  readonly count: number | null;
}

export function wholeRow({
  count,
  min,
  max,
  first,
  last,
  spanMs,
  source,
  lo,
  hi,
  ...row
}: FlatRow): ReadingRow {
  if (count === null) return row;
  return { ...row, thinned: { count, min, max, first, last, spanMs, source, lo, hi } };
}
