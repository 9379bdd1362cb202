/**
 * Gives pages that hold nothing back to the file system: of a file that has drained a few with each trim, so that no
 * round waits long, and all that is kept for the next backlog when somebody asks for it.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';

/** Free pages that a file may keep for its next backlog, 1 MiB; more is given back to the file system. */
const FREE_PAGES_KEPT = 256;
/** Pages given back at a time: each is moved, and so written, within somebody's round. */
const FREE_PAGES_STEP = 64;

/** Lets a file that has drained shrink in small steps. Inside a transaction. */
export function giveBackPages(database: SqliteDatabase): void {
  if (Number(database.pragma('freelist_count', { simple: true })) <= FREE_PAGES_KEPT) return;
  database.pragma(`incremental_vacuum(${FREE_PAGES_STEP})`);
}

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
