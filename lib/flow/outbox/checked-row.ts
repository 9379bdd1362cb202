/**
 * A row of the file as everybody reads it who goes by what it says: with its checksum, and a way to hold the one
 * against the other. Whoever sends, thins or mends rows asks here first, so that nobody asks differently.
 */

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
