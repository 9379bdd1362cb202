/**
 * The checksum of a row of the small tables, over all its cells in order: the same in JavaScript and, under the
 * name of `crc_of`, in SQL. What it guards says what has been delivered and which seqs are taken, and one
 * wrong bit there would count a reading as delivered that nobody has.
 */

import { crc32 } from 'node:zlib';

export type CheckedCell = number | string | null;

/** 0 to 2^32 - 1. */
export function crcOf(cells: readonly CheckedCell[]): number {
  return crc32(JSON.stringify(cells));
}

/** Whether the last cell is the checksum of those before it. */
export function holds(cells: readonly CheckedCell[]): boolean {
  return cells.length > 0 && cells.at(-1) === crcOf(cells.slice(0, -1));
}
