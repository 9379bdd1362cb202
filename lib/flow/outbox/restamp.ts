/**
 * Gives rows that were stamped without trust their true times, once the clock is trusted: `at` from the
 * monotonic time, the mark cleared, the checksum made anew. A bounded number of rows with each call, in the
 * transaction at hand. What a destination was, or may have been, sent before is declared to it as corrected:
 * it may have stored the old time, and takes the new row for a repetition.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { FLAG } from '../reading.ts';
import { intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { CorrectionLedger } from './corrections.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import type { Streams } from './streams.ts';
import { isUntrusted, type UntrustedRows } from './untrusted.ts';

export interface RestampDeps {
  readonly series: SeriesTable;
  readonly checksum: RowChecksum;
  readonly streams: Streams;
  readonly untrusted: UntrustedRows;
  readonly corrections: CorrectionLedger;
  readonly destinations: readonly string[];
  /** What a destination has, or may have, been sent. */
  readonly sentTo: (destination: string) => SeqRanges;
}

/** Rewritten in one transaction: some ten milliseconds on a Pi, which a round can wait for. */
const ROWS_AT_ONCE = 1_000;

interface Row {
  readonly seq: number;
  readonly series: number;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly monoMs: number;
  readonly crc: number;
  readonly thinned: string | null;
}

/** Mends the next rows, given wall minus monotonic time; returns how many. Inside a transaction. */
export function prepareRestamp(database: SqliteDatabase, deps: RestampDeps): (offsetMs: number) => number {
  const { series, checksum, streams, untrusted, corrections, destinations, sentTo } = deps;
  const rowsWithin = database.prepare<[number, number, number], Row>(
    `SELECT seq, series, at, value, flags, mono_ms AS monoMs, crc, thinned FROM readings
     WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`,
  );
  const rewrite = database.prepare<[number, number, number, number]>(
    'UPDATE readings SET at = ?, flags = ?, crc = ? WHERE seq = ?',
  );

  /** A row that the disk has changed keeps its checksum, which gives it away when it is to be sent. */
  function mend(row: Row, offsetMs: number): boolean {
    const start = series.checksumStart(streams.of(row.seq).id, row.series);
    if (!isUntrusted(row) || start === undefined || checksum.of(start, row, row.thinned) !== row.crc)
      return false;
    const mended = { ...row, at: row.monoMs + offsetMs, flags: row.flags & ~FLAG.clockUntrusted };
    rewrite.run(mended.at, mended.flags, checksum.of(start, mended, row.thinned), mended.seq);
    return true;
  }

  return (offsetMs) => {
    const [stretch] = untrusted.stretches();
    if (stretch === undefined) return 0;
    const { lo, fromAt, toAt } = stretch;
    const rows = rowsWithin.all(lo, stretch.hi, ROWS_AT_ONCE);
    const part: SeqRange = [lo, rows.length < ROWS_AT_ONCE ? stretch.hi : (rows.at(-1)?.seq ?? stretch.hi)];
    const mended = rows.filter((row) => mend(row, offsetMs)).length;
    for (const destination of destinations) {
      for (const { stream, seqs } of streams.split(intersection([part], sentTo(destination)))) {
        for (const [lo, hi] of seqs) {
          const moved = { offsetMs: offsetMs - stretch.offsetMs, fromAt, toAt };
          corrections.declare({ destination, stream, lo, hi, ...moved });
        }
      }
    }
    untrusted.cut(part);
    return mended;
  };
}
