/** Readings at rest in PostgreSQL: a batch of any size is one statement, in the order of the key. */

import { numbers, numbersOrNull, type Sql } from './connections.ts';
import type { NewReading, ThinnedRow } from './held-readings.ts';

const COLUMNS = '(series, at, stream, seq, value, flags, thinned)';
const PLAIN =
  'unnest($1::integer[], $2::bigint[], $3::integer[], $4::bigint[], $5::float8[], $6::smallint[])';
const THINNED = `unnest($1::integer[], $2::bigint[], $3::integer[], $4::bigint[], $5::float8[], $6::smallint[],
  $7::bigint[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::bigint[], $13::integer[],
  $14::bigint[], $15::bigint[])`;

/** Stores them. That they are new has been made sure of. */
export async function writeReadings(sql: Sql, readings: readonly NewReading[]): Promise<void> {
  if (readings.length === 0) return;
  const sorted = [...readings].sort(
    (a, b) => a.series - b.series || a.at - b.at || a.stream - b.stream || a.seq - b.seq,
  );
  const cells = [
    numbers(sorted.map((one) => one.series)),
    numbers(sorted.map((one) => one.at)),
    numbers(sorted.map((one) => one.stream)),
    numbers(sorted.map((one) => one.seq)),
    numbers(sorted.map((one) => one.value)),
    numbers(sorted.map((one) => one.flags)),
  ];
  if (sorted.every(({ thinned }) => thinned === undefined)) {
    await sql.run(`INSERT INTO sensorgw.readings ${COLUMNS} SELECT *, NULL FROM ${PLAIN}`, cells);
    return;
  }
  const stands = (of: (thinned: ThinnedRow) => number) =>
    numbersOrNull(sorted.map(({ thinned }) => (thinned === undefined ? undefined : of(thinned))));
  await sql.run(
    `INSERT INTO sensorgw.readings ${COLUMNS}
     SELECT series, at, stream, seq, value, flags, CASE WHEN count IS NULL THEN NULL
       ELSE ROW (count, min, max, first, last, span_ms, source, lo, hi)::sensorgw.thinned_of END
     FROM ${THINNED} AS new (series, at, stream, seq, value, flags, count, min, max, first, last, span_ms, source, lo, hi)`,
    [
      ...cells,
      stands((one) => one.count),
      stands((one) => one.min),
      stands((one) => one.max),
      stands((one) => one.first),
      stands((one) => one.last),
      stands((one) => one.spanMs),
      stands((one) => one.source),
      stands((one) => one.lo),
      stands((one) => one.hi),
    ],
  );
}
