/**
 * Gives rows that were stamped without trust their true times, once the clock is trusted: `at` from the
 * monotonic time, the mark cleared, the checksum made anew. A bounded number of rows with each call, in the
 * transaction at hand. What a destination was, or may have been, sent before is declared to it as corrected:
 * it may have stored the old time, and takes the new row for a repetition.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { FLAG } from '../reading.ts';
import { intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { CHECKED_COLUMNS, type CheckedRow, createRowCheck } from './checked-row.ts';
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

/** Mends the next rows, given wall minus monotonic time; returns how many. Inside a transaction. */
export function prepareRestamp(database: SqliteDatabase, deps: RestampDeps): (offsetMs: number) => number {
  const { series, checksum, streams, untrusted, corrections, destinations, sentTo } = deps;
  const rowsWithin = database
    .prepare<[number, number, number], CheckedRow>(
      `SELECT ${CHECKED_COLUMNS} FROM readings WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`,
    )
    .raw();
  const isIntact = createRowCheck(series, checksum);
  const rewrite = database.prepare<[number, number, number, number]>(
    'UPDATE readings SET at = ?, flags = ?, crc = ? WHERE seq = ?',
  );

  /** A row that the disk has changed keeps its checksum, which gives it away when it is to be sent. */
  function mend(row: CheckedRow, offsetMs: number): boolean {
    const [seq, id, , value, before, monoMs, , thinned] = row;
    const stream = streams.of(seq).id;
    if (!isUntrusted({ flags: before }) || !isIntact(stream, row)) return false;
    const [at, flags] = [monoMs + offsetMs, before & ~FLAG.clockUntrusted];
    const start = series.checksumStart(stream, id) ?? 0;
    rewrite.run(at, flags, checksum.of(start, { seq, at, value, flags, monoMs }, thinned), seq);
    return true;
  }

  return (offsetMs) => {
    const [stretch] = untrusted.stretches();
    if (stretch === undefined) return 0;
    const { lo, fromAt, toAt } = stretch;
    const rows = rowsWithin.all(lo, stretch.hi, ROWS_AT_ONCE);
    const part: SeqRange = [lo, rows.length < ROWS_AT_ONCE ? stretch.hi : (rows.at(-1)?.[0] ?? stretch.hi)];
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
