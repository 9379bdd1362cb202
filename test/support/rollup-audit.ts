/**
 * What rollups must say, worked out the plain way: all readings that are in their places are put into buckets as
 * lists, and each list is looked at as a whole. Shares nothing with the code that it judges but the widths.
 */

import { expect } from 'vitest';
import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import { FLAG } from '../../lib/flow/reading.ts';

interface Part {
  readonly series: number;
  readonly at: number;
  readonly flags: number;
  readonly value: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  readonly spanMs: number;
}

interface Row extends Omit<Part, 'value' | 'spanMs'> {
  readonly level: number;
  readonly mean: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

const WIDTHS_MS = [60_000, 3_600_000, 86_400_000];

export function rollupsIn(database: SqliteDatabase): Row[] {
  return database.prepare<[], Row>('SELECT * FROM rollups ORDER BY level, series, at, flags').all();
}

/** Of the readings that are in their places: those that are rolled up, or all of them. */
export function plainRollups(database: SqliteDatabase, which: 'rolled up' | 'all' = 'rolled up'): Row[] {
  const parts = database
    .prepare<[number], Part>(
      `SELECT series, at, flags & ~${FLAG.thinned} AS flags, value, coalesce(count, 1) AS count,
              coalesce(min, value) AS min, coalesce(max, value) AS max, coalesce(first, value) AS first,
              coalesce(last, value) AS last, coalesce(span_ms, 0) AS spanMs
       FROM readings LEFT JOIN thinned USING (stream, seq) LEFT JOIN unrolled USING (series)
       WHERE ? OR NOT coalesce(at >= from_at AND at < until_at, 0)`,
    )
    .all(which === 'all' ? 1 : 0);
  return plainRollupsOf(parts);
}

/** Of these readings. */
export function plainRollupsOf(parts: readonly Part[]): Row[] {
  return WIDTHS_MS.flatMap((widthMs, level) => {
    const buckets = new Map<string, Part[]>();
    for (const part of parts) {
      const name = [part.series, Math.floor(part.at / widthMs) * widthMs, part.flags].join(' ');
      buckets.set(name, [...(buckets.get(name) ?? []), part]);
    }
    return [...buckets].map(([name, inIt]): Row => {
      const [series = 0, at = 0, flags = 0] = name.split(' ').map(Number);
      const count = inIt.reduce((sum, one) => sum + one.count, 0);
      const firstAt = Math.min(...inIt.map((one) => one.at));
      const lastAt = Math.max(...inIt.map((one) => one.at + one.spanMs));
      return {
        level,
        series,
        at,
        flags,
        count,
        mean: inIt.reduce((sum, one) => sum + one.value * (one.count / count), 0),
        min: Math.min(...inIt.map((one) => one.min)),
        max: Math.max(...inIt.map((one) => one.max)),
        first: Math.min(...inIt.filter((one) => one.at === firstAt).map((one) => one.first)),
        first_ms: firstAt - at,
        last: Math.max(...inIt.filter((one) => one.at + one.spanMs === lastAt).map((one) => one.last)),
        last_ms: lastAt - at,
      };
    });
  }).sort((a, b) => a.level - b.level || a.series - b.series || a.at - b.at || a.flags - b.flags);
}

/** Everything exactly but the mean, which is compared within rounding. */
export function expectSameRollups(found: readonly Row[], wanted: readonly Row[]): void {
  const exact = (rows: readonly Row[]) => rows.map(({ mean: _, ...rest }) => rest);
  expect(exact(found)).toEqual(exact(wanted));
  for (const [i, { mean, min, max }] of wanted.entries()) {
    const scale = Math.max(Math.abs(min), Math.abs(max), Number.MIN_VALUE);
    expect(Math.abs((found[i]?.mean ?? Number.NaN) - mean) / scale).toBeLessThan(1e-12);
  }
}
