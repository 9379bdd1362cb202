/** Gives what a drained outbox keeps for its next backlog back to the file system, at once instead of bit by bit. */

import type { SqliteDatabase } from '../../base/sqlite.ts';

/** Moved in one go, 4 MiB: longer than a round should wait on a slow card it must not take. */
const PAGES_AT_ONCE = 1_024;

/** One step; returns the bytes that are still to be given back. The last step also empties the log. */
export function compactStep(database: SqliteDatabase): number {
  database.pragma(`incremental_vacuum(${PAGES_AT_ONCE})`);
  const pages = Number(database.pragma('freelist_count', { simple: true }));
  // Busy readers may keep some of the log: it shrinks with a later checkpoint.
  if (pages === 0) database.pragma('wal_checkpoint(TRUNCATE)');
  return pages * Number(database.pragma('page_size', { simple: true }));
}
