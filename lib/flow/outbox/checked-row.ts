/**
 * A row of the file as everybody reads it who goes by what it says: with its checksum, and a way to hold the one
 * against the other. Whoever sends, thins or mends rows asks here first, so that nobody asks differently.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { countOf, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';

/** What `CHECKED_COLUMNS` give: an array, because objects with names cost a third more. */
export type CheckedRow = readonly [
  seq: number,
  series: number,
  at: number,
  value: number,
  flags: number,
  monoMs: number,
  crc: number,
  thinned: string | null,
];

/** In the order of `CheckedRow`; more may follow. */
export const CHECKED_COLUMNS = 'seq, series, at, value, flags, mono_ms, crc, thinned';

/** Whether a row of this stream is as it was accepted, in a series that exists. */
export type IsIntact = (stream: string, row: readonly [...CheckedRow, ...unknown[]]) => boolean;

export function createRowCheck(
  series: Pick<SeriesTable, 'checksumStart'>,
  checksum: Pick<RowChecksum, 'of'>,
): IsIntact {
  return (stream, [seq, id, at, value, flags, monoMs, crc, thinned]) => {
    const start = series.checksumStart(stream, id);
    return start !== undefined && checksum.of(start, { seq, at, value, flags, monoMs }, thinned) === crc;
  };
}

/** Rows that are as they were accepted, in the order of the file, and the seqs of those that are not. */
export interface CheckedRows {
  readonly rows: readonly CheckedRow[];
  readonly corrupt: readonly SeqRange[];
}

/**
 * Reads many rows of one stream. As one text of numbers they come in two thirds of the time that arrays of cells
 * take (docs/decisions/0011-rows-are-checked-before-they-are-sent.md). Of a text in which anything is not
 * as it was accepted, the cells decide.
 */
export function prepareCheckedRows(
  database: SqliteDatabase,
  isIntact: IsIntact,
): (stream: string, seqs: SeqRanges) => CheckedRows {
  const cellsWithin = database
    .prepare<[number, number], CheckedRow>(
      `SELECT ${CHECKED_COLUMNS} FROM readings WHERE seq BETWEEN ? AND ?`,
    )
    .raw();
  // 17 digits give every double back; json_array prints 15.
  const textWithin = database
    .prepare<[number, number], string | null>(
      `SELECT group_concat(
         format('[%d,%d,%d,%!.17g,%d,%d,%d,%s]', seq, series, at, value, flags, mono_ms, crc, json_quote(thinned))
       ) FROM readings WHERE seq BETWEEN ? AND ?`,
    )
    .pluck();

  function fromText(lo: number, hi: number): readonly CheckedRow[] {
    try {
      return JSON.parse(`[${textWithin.get(lo, hi) ?? ''}]`);
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  }

  return (stream, seqs) => {
    const areIntact = (rows: readonly CheckedRow[]) => rows.every((row) => isIntact(stream, row));
    const rows = seqs.flatMap(([lo, hi]) => fromText(lo, hi));
    if (rows.length === countOf(seqs) && areIntact(rows)) return { rows, corrupt: [] };
    const cells = seqs.flatMap(([lo, hi]) => cellsWithin.all(lo, hi));
    const corrupt = cells.filter((row) => !isIntact(stream, row));
    return { rows: cells, corrupt: corrupt.map(([seq]) => [seq, seq]) };
  };
}
