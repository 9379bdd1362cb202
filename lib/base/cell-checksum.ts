/**
 * The checksum of a few cells of a row: the same in JavaScript and, under the name of `crc_of`, in the SQL of
 * every database that `sqlite.ts` opens. For small tables in which one wrong bit would do harm that nobody
 * notices, such as what has been delivered.
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
