/**
 * Rows that have left although an earlier one is in the file again, because a person had it sent once more.
 * Otherwise everything that has left lies below the first row of its tier, and need not be written down. Kept with the
 * acknowledged ranges under a name that no destination can have: everybody counts as having acknowledged it.
 */

import { crcOf } from '../../base/cell-checksum.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import { below, type Extent } from './extents.ts';

const EVERYBODY = '';

export function readAbsent(database: SqliteDatabase): SeqRanges {
  return database
    .prepare<[string], SeqRange>(
      'SELECT lo, hi FROM acknowledged WHERE destination = ? AND crc = crc_of(destination, lo, hi) ORDER BY lo',
    )
    .raw()
    .all(EVERYBODY);
}

/** Inside a transaction. */
export function writeAbsent(database: SqliteDatabase, ranges: SeqRanges): void {
  database.prepare('DELETE FROM acknowledged WHERE destination = ?').run(EVERYBODY);
  const insert = database.prepare('INSERT INTO acknowledged (destination, lo, hi, crc) VALUES (?, ?, ?, ?)');
  for (const [lo, hi] of ranges) insert.run(EVERYBODY, lo, hi, crcOf([EVERYBODY, lo, hi]));
}

/** Every seq whose row has left: nobody waits for it. */
export function leftOf(database: SqliteDatabase, extents: readonly Extent[]): SeqRanges {
  return union(below(extents), readAbsent(database));
}
