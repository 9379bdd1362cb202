/**
 * `SeqRanges` at rest: a table of closed ranges per key, sorted, disjoint and never adjacent, of which
 * an operation reads and writes only the ranges that it touches. The steady state, where each batch
 * continues the last, is one seek and one UPDATE however long the history is.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { type SeqRange, type SeqRanges, union } from '../../seq-ranges.ts';

export interface RangeTable<Key extends unknown[]> {
  /** The stored ranges that overlap these or lie directly beside them, in order. */
  touching(key: Key, ranges: SeqRanges): SeqRanges;

  /** Adds ranges. `touched` must be what `touching` gave for them (or for more) in this transaction. */
  add(key: Key, ranges: SeqRanges, touched: SeqRanges): void;

  /** At most `limit` ranges from the one that contains or follows `from` on, the first cut to begin there. */
  page(key: Key, from: number, limit: number): SeqRanges;

  /** The highest member. */
  highest(key: Key): number | undefined;
}

/** `keys` are the columns that come before `lo` in the primary key of `table`. */
export function createRangeTable<Key extends unknown[]>(
  database: SqliteDatabase,
  table: string,
  keys: readonly string[],
): RangeTable<Key> {
  const ofKey = keys.map((key) => `${key} = ?`).join(' AND ');
  type Raw = [lo: number, hi: number];
  const select = (rest: string) =>
    database.prepare<unknown[], Raw>(`SELECT lo, hi FROM ${table} WHERE ${ofKey} AND ${rest}`).raw();

  // Two seeks instead of `lo <= ? AND hi >= ?`: the ranges are disjoint, so only the last one that
  // begins at or before a seq can reach it, and the condition on hi would walk all that come before.
  const lastFrom = select('lo <= ? ORDER BY lo DESC LIMIT 1');
  const startingIn = select('lo > ? AND lo <= ? ORDER BY lo');
  const following = select('lo > ? ORDER BY lo LIMIT ?');
  const last = select('lo > 0 ORDER BY lo DESC LIMIT 1');
  const put = database.prepare<unknown[]>(
    `INSERT INTO ${table} (${keys.join(', ')}, lo, hi) VALUES (${keys.map(() => '?').join(', ')}, ?, ?)
     ON CONFLICT DO UPDATE SET hi = excluded.hi`,
  );
  const remove = database.prepare<unknown[]>(`DELETE FROM ${table} WHERE ${ofKey} AND lo = ?`);

  return {
    touching(key, ranges) {
      const touched: SeqRange[] = [];
      for (const [lo, hi] of ranges) {
        const before = lastFrom.get(...key, lo);
        // One range may lie between two of ours and touch both.
        if (before !== undefined && before[1] >= lo - 1 && before[0] !== touched.at(-1)?.[0]) {
          touched.push(before);
        }
        for (const one of startingIn.all(...key, lo, hi + 1)) touched.push(one);
      }
      return touched;
    },
    add(key, ranges, touched) {
      const merged = union(touched, ranges);
      const hiBefore = new Map(touched);
      const losAfter = new Set(merged.map(([lo]) => lo));
      for (const [lo] of touched) if (!losAfter.has(lo)) remove.run(...key, lo);
      for (const [lo, hi] of merged) if (hiBefore.get(lo) !== hi) put.run(...key, lo, hi);
    },
    page(key, from, limit) {
      const containing = lastFrom.get(...key, from);
      const rest = following.all(...key, from, limit);
      const reaches = containing !== undefined && containing[1] >= from;
      return reaches ? [[from, containing[1]] as const, ...rest].slice(0, limit) : rest;
    },
    highest: (key) => last.get(...key)?.[1],
  };
}
