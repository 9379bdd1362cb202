/**
 * The rows of an outbox for people and for exports: complete in themselves, page by page, so that neither
 * memory nor the reader's log grows with the length of a listing.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { Thinned } from '../reading.ts';
import type { SeqRanges } from '../seq-ranges.ts';
import { parseThinned } from './thinned-text.ts';

/** A reading with its identity. */
export interface OutboxRow {
  readonly stream: string;
  readonly seq: number;
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  /** What it stands for, if it is a thinned one. */
  readonly thinned?: Thinned;
}

type RowInFile = Omit<OutboxRow, 'thinned'> & { readonly thinned: string | null };

/** About 200 KiB in memory. */
const PAGE_ROWS = 1_000;

const ROWS_SQL = `
  SELECT streams.id AS stream, seq, sensor, metric, unit, at, value, flags, thinned
  FROM readings
    JOIN series ON series.id = readings.series
    JOIN streams ON seq >= streams.first_seq AND seq < streams.next_seq
  WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`;

export interface OutboxRows {
  /** Ascending. What leaves meanwhile is left out, what comes meanwhile is included. */
  all(): Generator<OutboxRow>;
  /** Of these seqs, ascending, at most so many. */
  of(seqs: SeqRanges, limit: number): OutboxRow[];
}

export function prepareRows(database: SqliteDatabase): OutboxRows {
  const select = database.prepare<[number, number, number], RowInFile>(ROWS_SQL);
  const page = (lo: number, hi: number, limit: number) =>
    select.all(lo, hi, limit).map(({ thinned, ...row }): OutboxRow => ({ ...row, ...partOf(thinned) }));
  return {
    *all() {
      let next = 0;
      for (;;) {
        // A whole page at once: an open statement between rows would be a read transaction of any length.
        const rows = page(next, Number.MAX_SAFE_INTEGER, PAGE_ROWS);
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE_ROWS) return;
        next = last.seq + 1;
      }
    },
    of(seqs, limit) {
      const rows: OutboxRow[] = [];
      for (const [lo, hi] of seqs) {
        if (rows.length >= limit) break;
        rows.push(...page(lo, hi, limit - rows.length));
      }
      return rows;
    },
  };
}

/** A listing does not hold rows against their checksums: a text that is damaged is left out. */
function partOf(text: string | null): Pick<OutboxRow, 'thinned'> {
  if (text === null) return {};
  try {
    return { thinned: parseThinned(text) };
  } catch {
    return {};
  }
}
