/**
 * The checksum that every row carries, over all that makes it what it is: its stream, its seq, its series by
 * name, its numbers, and what it stands for if it is a thinned one. It is checked whenever a row is read to be sent, so
 * that a cell which a failing card has changed is never delivered as a measurement.
 */

import { crc32 } from 'node:zlib';

/** The numbers of a row. */
export interface RowNumbers {
  readonly seq: number;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly monoMs: number;
}

export interface RowChecksum {
  /** What all rows of one series in one stream have in common: where the checksum of each of them starts. */
  startOf(stream: string, series: { sensor: string; metric: string; unit: string }): number;
  /** The checksum of a row, 0 to 2^32 - 1; `thinned` is the text beside its numbers, if there is one. */
  of(start: number, row: RowNumbers, thinned?: string | null): number;
}

export function createRowChecksum(): RowChecksum {
  // One buffer for all rows: a fresh one each would cost more than the checksum.
  const numbers = new Float64Array(5);
  const bytes = new Uint8Array(numbers.buffer);
  return {
    // Names contain no space, so two different series cannot make the same text.
    startOf: (stream, { sensor, metric, unit }) => crc32(`${stream} ${sensor} ${metric} ${unit}`),
    of(start, { seq, at, value, flags, monoMs }, thinned = null) {
      numbers[0] = seq;
      numbers[1] = at;
      // SQLite keeps no negative zero.
      numbers[2] = value === 0 ? 0 : value;
      numbers[3] = flags;
      numbers[4] = monoMs;
      const ofNumbers = crc32(bytes, start);
      return thinned === null ? ofNumbers : crc32(thinned, ofNumbers);
    },
  };
}
