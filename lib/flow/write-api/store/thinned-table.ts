/**
 * Thinned readings, each of which stands for several, and the rule that no reading is counted twice. A reader
 * whose answer was lost may thin readings that the store already has, one by one or in a finer thinned
 * reading; and what was sent before may still come after what was thinned from it. So the store remembers
 * which seqs of a source have come this way (`covered`, for each series), and of an overlap it keeps the rest.
 *
 * Everything here is called inside the transaction that stores the batch. Readings that overlap with nothing,
 * which is nearly all of them, cost two seeks more than others.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { Thinned } from '../../reading.ts';
import { difference, type SeqRanges, union } from '../../seq-ranges.ts';
import type { CorrectionsTable } from './corrections-table.ts';
import { createRangeTable, type RangeTable } from './range-table.ts';

/** A thinned reading as a batch brings it, with its source's id. */
export interface ThinnedRow extends Omit<Thinned, 'source'> {
  readonly stream: number;
  readonly seq: number;
  readonly series: number;
  readonly at: number;
  /** Of all that it stands for. */
  readonly mean: number;
  readonly source: number;
}

/** How many readings of a thinned one the store does not have yet, and their mean. */
interface Rest {
  readonly count: number;
  readonly mean: number;
}

export interface ThinnedTable {
  /** The highest seq of `source` that any thinned reading of these series stands for; 0 if there is none. */
  topOf(source: number, series: readonly (number | undefined)[]): number;

  /** Whether the reading with this seq is already there, as a part of a thinned one. */
  covers(source: number, series: number, seq: number): boolean;

  /** Notes what `row` stands for, as far as it is new; `undefined`: the store has all of it already. */
  add(row: ThinnedRow): Rest | undefined;
}

/** What the store holds of a stretch of one series. */
interface Held {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  /** `null`: it is a plain reading. */
  readonly count: number | null;
}

export interface ThinnedDeps {
  readonly received: RangeTable<[stream: number]>;
  readonly corrections: Pick<CorrectionsTable, 'of'>;
}

export function createThinnedTable(database: SqliteDatabase, deps: ThinnedDeps): ThinnedTable {
  const { received, corrections } = deps;
  const covered = createRangeTable<[source: number, series: number]>(database, 'covered', [
    'source',
    'series',
  ]);
  const hasAny = database.prepare<[number], number>('SELECT 1 FROM covered WHERE source = ? LIMIT 1').pluck();
  const insert = database.prepare<number[]>(
    // A salvage may have left what one of these stood for without the reading itself.
    `INSERT OR REPLACE INTO thinned (stream, seq, count, min, max, first, last, span_ms, source, lo, hi)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const countIn = database.prepare<[number, number]>(
    'UPDATE store SET thinned_rows = thinned_rows + ?, thinned_readings = thinned_readings + ?',
  );
  // Over the stretch of the series that the thinned reading spans: found by time, as readings are.
  const heldWithin = database.prepare<number[], Held>(
    `SELECT at, readings.stream, readings.seq, value, count
     FROM all_readings AS readings LEFT JOIN thinned ON thinned.stream = readings.stream AND thinned.seq = readings.seq
     WHERE series = ? AND at BETWEEN ? AND ?
       AND CASE WHEN count IS NULL THEN readings.stream = ? AND readings.seq BETWEEN ? AND ?
                ELSE source = ? AND lo >= ? AND hi <= ? END`,
  );

  /** What of `row` the store has, each once. Stops when it has all. */
  function heldOf({ series, source, at, spanMs, lo, hi, count }: ThinnedRow): Held[] {
    const found = new Map<string, Held>();
    let readings = 0;
    // Readings whose times are mended here, too, may not have been moved yet.
    const about = corrections.of(source).filter((one) => one[0] <= hi && one[1] >= lo);
    for (const offset of new Set([0, ...about.map(([, , offsetMs]) => offsetMs)])) {
      const from = at - offset;
      const range = [source, lo, hi];
      for (const one of heldWithin.iterate(series, from, from + spanMs, ...range, ...range)) {
        const name = `${one.stream} ${one.seq}`;
        if (found.has(name)) continue;
        found.set(name, one);
        readings += one.count ?? 1;
        if (readings >= count) return [...found.values()];
      }
    }
    return [...found.values()];
  }

  function restOf(row: ThinnedRow, seqs: SeqRanges, before: SeqRanges): Rest | undefined {
    const { source, count, mean, min, max } = row;
    const plain = received.touching([source], seqs);
    const missing = difference(seqs, union(plain, before));
    if (missing.length === 0) return undefined;
    // Most thinned readings come from an outage, of which the store has nothing.
    if (difference(seqs, missing).length === 0) return { count, mean };
    const held = heldOf(row);
    const left = held.reduce((rest, one) => rest - (one.count ?? 1), count);
    if (left <= 0) return undefined;
    const shift = held.reduce((sum, one) => sum + ((one.count ?? 1) / left) * (mean - one.value), 0);
    // Rounding must not carry a mean past what it is the mean of, nor huge values past what a double holds.
    const kept = Number.isFinite(mean + shift) ? mean + shift : mean;
    return { count: left, mean: Math.min(max, Math.max(min, kept)) };
  }

  return {
    topOf(source, series) {
      if (hasAny.get(source) === undefined) return 0;
      return series.reduce<number>(
        (top, one) => Math.max(top, one === undefined ? 0 : (covered.highest([source, one]) ?? 0)),
        0,
      );
    },
    covers: (source, series, seq) =>
      difference([[seq, seq]], covered.touching([source, series], [[seq, seq]])).length === 0,
    add(row) {
      const { stream, seq, series, source, min, max, first, last, spanMs, lo, hi } = row;
      const seqs: SeqRanges = [[lo, hi]];
      const before = covered.touching([source, series], seqs);
      const rest = restOf(row, seqs, before);
      if (rest === undefined) return undefined;
      insert.run(stream, seq, rest.count, min, max, first, last, spanMs, source, lo, hi);
      covered.add([source, series], seqs, before);
      countIn.run(1, rest.count);
      return rest;
    },
  };
}
