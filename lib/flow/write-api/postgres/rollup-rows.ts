/**
 * Rollups at rest in PostgreSQL: what a batch adds to them is summed up here and goes there as one statement for each
 * level, in the transaction that stores the readings. Adding is putting two rollups together, so write APIs may add
 * to the same one in any order; rows are always touched in the order of their keys, so that nobody waits in a circle.
 */

import { FLAG } from '../../reading.ts';
import { bucketOf, ROLLUP_LEVELS, type Rollup } from '../store/rollup.ts';
import { createLevelSums, createSums, type Stands } from '../store/rollup-sums.ts';
import { numbers, type Sql } from './connections.ts';
import { TIMED_TABLES, type TimedTable } from './schema.ts';

/** A reading as rollups see it. */
export interface Summed {
  readonly series: number;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly stands?: Stands | undefined;
}

/** A stretch whose readings have changed in another way than by new ones. */
export interface Bucket {
  readonly series: number;
  readonly at: number;
  readonly flags: number;
}

/** Adds readings to the rollups of all levels. */
export async function addToRollups(sql: Sql, readings: readonly Summed[]): Promise<void> {
  const levels = ROLLUP_LEVELS.map((): Rollup[] => []);
  const sums = createSums(({ level }, rollup) => levels[level]?.push(rollup));
  // In this order each rollup is met once: one statement cannot change a row twice.
  const plain = readings.map((one) => ({ ...one, flags: one.flags & ~FLAG.thinned }));
  plain.sort((a, b) => a.series - b.series || a.flags - b.flags || a.at - b.at);
  for (const { series, at, value, flags, stands } of plain) sums.add(series, at, value, flags, stands);
  sums.flush();
  for (const { level } of ROLLUP_LEVELS) await upsert(sql, level, levels[level] ?? [], ADDED);
}

/** Works these stretches out anew at all levels, from the readings on. Their readings have changed already. */
export async function rebuildRollups(sql: Sql, changed: readonly Bucket[]): Promise<void> {
  for (const { level, widthMs } of ROLLUP_LEVELS) {
    const buckets = new Map<string, Bucket>();
    for (const one of changed) {
      const bucket = { series: one.series, at: bucketOf(one.at, widthMs), flags: one.flags & ~FLAG.thinned };
      buckets.set(`${bucket.series} ${bucket.at} ${bucket.flags}`, bucket);
    }
    await rebuildLevel(sql, level, [...buckets.values()].sort(inOrder));
  }
}

const inOrder = (a: Bucket, b: Bucket) => a.series - b.series || a.at - b.at || a.flags - b.flags;

function tableOf(level: number): Exclude<TimedTable, 'readings'> {
  const found = TIMED_TABLES.find((one) => one.level === level);
  if (found === undefined || found.table === 'readings')
    throw new RangeError(`there is no rollup of level ${level}`);
  return found.table;
}

const COLUMNS = [
  ['series', 'integer'],
  ['at', 'bigint'],
  ['flags', 'smallint'],
  ['count', 'bigint'],
  ['mean', 'double precision'],
  ['min', 'double precision'],
  ['max', 'double precision'],
  ['first', 'double precision'],
  ['first_ms', 'bigint'],
  ['last', 'double precision'],
  ['last_ms', 'bigint'],
] as const;
const NAMES = COLUMNS.map(([name]) => name);

/** Two rollups of the same stretch become one. Weights instead of sums: two huge values have a mean. */
const ADDED = `
  mean = old.mean * (old.count::float8 / (old.count + excluded.count))
       + excluded.mean * (excluded.count::float8 / (old.count + excluded.count)),
  count = old.count + excluded.count,
  min = least(old.min, excluded.min),
  max = greatest(old.max, excluded.max),
  first = CASE WHEN excluded.first_ms < old.first_ms THEN excluded.first
               WHEN excluded.first_ms = old.first_ms THEN least(old.first, excluded.first) ELSE old.first END,
  first_ms = least(old.first_ms, excluded.first_ms),
  last = CASE WHEN excluded.last_ms > old.last_ms THEN excluded.last
              WHEN excluded.last_ms = old.last_ms THEN greatest(old.last, excluded.last) ELSE old.last END,
  last_ms = greatest(old.last_ms, excluded.last_ms)`;
const REPLACED = NAMES.slice(3)
  .map((name) => `${name} = excluded.${name}`)
  .join(', ');

async function upsert(sql: Sql, level: number, rollups: readonly Rollup[], change: string): Promise<void> {
  if (rollups.length === 0) return;
  const sorted = [...rollups].sort(inOrder);
  await sql.run(
    `INSERT INTO sensorgw.${tableOf(level)} AS old (${NAMES.join(', ')})
     SELECT * FROM unnest(${COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
     ON CONFLICT (series, at, flags) DO UPDATE SET ${change}`,
    [
      numbers(sorted.map((one) => one.series)),
      numbers(sorted.map((one) => one.at)),
      numbers(sorted.map((one) => one.flags)),
      numbers(sorted.map((one) => one.count)),
      numbers(sorted.map((one) => one.mean)),
      numbers(sorted.map((one) => one.min)),
      numbers(sorted.map((one) => one.max)),
      numbers(sorted.map((one) => one.first)),
      numbers(sorted.map((one) => one.firstMs)),
      numbers(sorted.map((one) => one.last)),
      numbers(sorted.map((one) => one.lastMs)),
    ],
  );
}

/** Buckets as a table: `asked (series, at, flags)`. */
const ASKED = 'unnest($1::integer[], $2::bigint[], $3::smallint[]) AS asked (series, at, flags)';

async function rebuildLevel(sql: Sql, level: number, buckets: readonly Bucket[]): Promise<void> {
  if (buckets.length === 0) return;
  const table = `sensorgw.${tableOf(level)}`;
  const asked = [
    numbers(buckets.map((one) => one.series)),
    numbers(buckets.map((one) => one.at)),
    numbers(buckets.map((one) => one.flags)),
  ];
  const own = '(rollups.series, rollups.at, rollups.flags) = (asked.series, asked.at, asked.flags)';
  // Locked first: what another write API adds is either in what is read below, or waits and is added to it.
  await sql.rows(
    `SELECT 1 FROM ${table} AS rollups JOIN ${ASKED} ON ${own}
     ORDER BY rollups.series, rollups.at, rollups.flags FOR UPDATE OF rollups`,
    asked,
  );
  const rollups = level === 0 ? await minutesAnew(sql, asked) : await sumsAnew(sql, level, asked);
  const left = new Set(rollups.map(({ series, at, flags }) => `${series} ${at} ${flags}`));
  const empty = buckets.filter(({ series, at, flags }) => !left.has(`${series} ${at} ${flags}`));
  await upsert(sql, level, rollups, REPLACED);
  if (empty.length > 0) {
    await sql.run(`DELETE FROM ${table} AS rollups USING ${ASKED} WHERE ${own}`, [
      numbers(empty.map((one) => one.series)),
      numbers(empty.map((one) => one.at)),
      numbers(empty.map((one) => one.flags)),
    ]);
  }
}

/** A stored reading, with what it stands for: a plain one, of which `count` is null, for itself. */
export interface ReadingToSum extends Summed {
  readonly count: number | null;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  readonly spanMs: number;
}

async function minutesAnew(sql: Sql, asked: readonly unknown[]): Promise<Rollup[]> {
  const [minute] = ROLLUP_LEVELS;
  const rows = await sql.rows<ReadingToSum>(
    `SELECT asked.series, found.at, found.value, asked.flags, (found.thinned).count, (found.thinned).min,
       (found.thinned).max, (found.thinned).first, (found.thinned).last, (found.thinned).span_ms AS "spanMs"
     FROM ${ASKED} CROSS JOIN LATERAL (
       SELECT at, value, thinned FROM sensorgw.readings
       WHERE series = asked.series AND at >= asked.at AND at < asked.at + ${minute.widthMs}
         AND flags & ~${FLAG.thinned} = asked.flags) AS found
     ORDER BY asked.series, asked.flags, found.at`,
    asked,
  );
  const found: Rollup[] = [];
  const sums = createLevelSums(minute, (rollup) => found.push(rollup));
  for (const { series, at, value, flags, count, ...rest } of rows)
    sums.add(series, at, value, flags, count === null ? undefined : { count, ...rest });
  sums.flush();
  return found;
}

async function sumsAnew(sql: Sql, level: number, asked: readonly unknown[]): Promise<Rollup[]> {
  const own = ROLLUP_LEVELS.find((one) => one.level === level);
  if (own === undefined) return [];
  const rows = await sql.rows<Rollup>(
    `SELECT below.series, below.at, below.flags, count, mean, min, max, first, first_ms AS "firstMs", last,
       last_ms AS "lastMs"
     FROM ${ASKED} JOIN sensorgw.${tableOf(level - 1)} AS below
       ON below.series = asked.series AND below.flags = asked.flags
         AND below.at >= asked.at AND below.at < asked.at + ${own.widthMs}
     ORDER BY below.series, below.flags, below.at`,
    asked,
  );
  const found: Rollup[] = [];
  const sums = createLevelSums(own, (rollup) => found.push(rollup));
  for (const row of rows) sums.addRollup(row);
  sums.flush();
  return found;
}
