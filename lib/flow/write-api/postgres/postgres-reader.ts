/**
 * Reading a store in PostgreSQL back, in the order of time: page by page, each a short transaction that ends before
 * its rows are handed out. So a reader, however slow, holds no snapshot, and nothing keeps the server from cleaning up.
 */

import type {
  ReadingsFilter,
  ReadingsReader,
  SeriesKey,
  StoredReading,
  StoreSummary,
} from '../readings-store.ts';
import { type ConnectionOptions, createConnections, numbers, type Session, type Sql } from './connections.ts';
import { partitionsOf } from './partitions.ts';
import { FLAT, type FlatRow, wholeRow } from './postgres-looks.ts';

/** Of all series together: under 2 MiB. */
const PAGE_ROWS_MAX = 4_000;
const PAGE_MAX_MS = 10_000;

interface SeriesOf extends SeriesKey {
  readonly id: number;
}

interface Cursor {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
}

export function openPostgresReader(options: ConnectionOptions): ReadingsReader {
  const connections = createConnections(options);
  const look = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    connections.within('store look', PAGE_MAX_MS, (session: Session) => session.look(work));

  return {
    async *readings(filter) {
      const series = new Map((await look((sql) => seriesOf(sql, filter))).map((one) => [one.id, one]));
      const untilAt = filter.untilAt ?? Number.MAX_SAFE_INTEGER;
      let left = filter.limit ?? Number.POSITIVE_INFINITY;
      let after: Cursor = { at: filter.sinceAt, stream: 0, seq: 0 };
      while (series.size > 0 && left > 0) {
        const limit = Math.min(PAGE_ROWS_MAX, left);
        const rows = await look((sql) => pageOf(sql, { ids: [...series.keys()], after, untilAt, limit }));
        for (const row of rows) {
          const reading = storedReading(row, series);
          if (reading !== undefined) yield reading;
        }
        left -= rows.length;
        const last = rows.at(-1);
        if (last === undefined || rows.length < limit) return;
        after = { at: last.at, stream: last.stream, seq: last.seq };
      }
    },
    summary: () => look(summaryOf),
    close: () => connections.close(),
  };
}

function storedReading(row: FlatRow, series: ReadonlyMap<number, SeriesOf>): StoredReading | undefined {
  const { id, streamName, at, value, flags, seq, thinned } = wholeRow(row);
  const of = series.get(id);
  if (of === undefined) return undefined;
  const { gateway, sensor, metric, unit } = of;
  const reading = { gateway, sensor, metric, unit, at, value, flags, stream: streamName, seq };
  return thinned === undefined ? reading : { ...reading, thinned };
}

function seriesOf(sql: Sql, { gateway, sensor, metric }: ReadingsFilter): Promise<SeriesOf[]> {
  return sql.rows<SeriesOf>(
    `SELECT id, gateway, sensor, metric, unit FROM sensorgw.series
     WHERE gateway = coalesce($1, gateway) AND sensor = coalesce($2, sensor) AND metric = coalesce($3, metric)`,
    [gateway ?? null, sensor ?? null, metric ?? null],
  );
}

interface PageOf {
  readonly ids: readonly number[];
  readonly after: Cursor;
  /** Included. */
  readonly untilAt: number;
  readonly limit: number;
}

/** The next rows of all series together: of each a page from its own index, and the first of all of these. */
function pageOf(sql: Sql, { ids, after, untilAt, limit }: PageOf): Promise<FlatRow[]> {
  return sql.rows<FlatRow>(
    `SELECT asked.id, found.* FROM unnest($1::integer[]) AS asked (id)
     CROSS JOIN LATERAL (
       SELECT ${FLAT} FROM sensorgw.readings AS reading
       WHERE series = asked.id AND at >= $2 AND (at, stream, seq) > ($2, $3, $4) AND at <= $5
       ORDER BY at, stream, seq LIMIT $6) AS found
     ORDER BY found.at, found.stream, found.seq LIMIT $6`,
    [numbers(ids), after.at, after.stream, after.seq, untilAt, limit],
  );
}

async function summaryOf(sql: Sql): Promise<StoreSummary> {
  const [row] = await sql.rows<Record<'series' | 'received' | 'rows' | 'readings', number>>(
    `SELECT (SELECT count(*) FROM sensorgw.series) AS series,
            (SELECT coalesce(sum(hi - lo + 1), 0)::bigint FROM sensorgw.received) AS received,
            (SELECT coalesce(sum(thinned_rows), 0)::bigint FROM sensorgw.streams) AS rows,
            (SELECT coalesce(sum(thinned_readings), 0)::bigint FROM sensorgw.streams) AS readings`,
  );
  return {
    series: row?.series ?? 0,
    received: row?.received ?? 0,
    thinned: { rows: row?.rows ?? 0, readings: row?.readings ?? 0 },
    oldestAt: await extremeOf(sql, 'min'),
    newestAt: await extremeOf(sql, 'max'),
  };
}

/** The first month that has any readings says it: one seek for each series there. */
async function extremeOf(sql: Sql, pick: 'min' | 'max'): Promise<number | undefined> {
  const partitions = (await partitionsOf(sql, 'readings')).sort(
    (a, b) => a.stretch.fromAt - b.stretch.fromAt,
  );
  for (const { name } of pick === 'min' ? partitions : partitions.reverse()) {
    const [row] = await sql.rows<{ at: number | null }>(
      `SELECT ${pick}((SELECT ${pick}(at) FROM ${name} WHERE series = series.id)) AS at FROM sensorgw.series`,
    );
    if (row !== undefined && row.at !== null) return row.at;
  }
  return undefined;
}
