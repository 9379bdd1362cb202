/** What is read and noted once, when an outbox file is opened. */

import type { SqliteDatabase } from '../../base/sqlite.ts';

/** The small number of this boot. Earlier boots are forgotten at an open that finds no row of theirs, or of any. */
export function noteBoot(database: SqliteDatabase, bootId: string): number {
  database.exec('DELETE FROM boots WHERE NOT EXISTS (SELECT 1 FROM readings)');
  database.prepare<[string]>('INSERT INTO boots (boot_id) VALUES (?) ON CONFLICT DO NOTHING').run(bootId);
  const id = database.prepare<[string], number>('SELECT id FROM boots WHERE boot_id = ?').pluck().get(bootId);
  if (id === undefined) throw new Error(`boot ${bootId} was noted, and is not there`);
  return id;
}

/** Free pages that a file may keep for its next backlog, 1 MiB; more is given back to the file system. */
const FREE_PAGES_KEPT = 256;
/** Pages given back at a time: each is moved, and so written, within somebody's round. */
const FREE_PAGES_STEP = 64;

/** Lets a file that has drained shrink in small steps. Inside a transaction. */
export function giveBackPages(database: SqliteDatabase): void {
  if (Number(database.pragma('freelist_count', { simple: true })) <= FREE_PAGES_KEPT) return;
  database.pragma(`incremental_vacuum(${FREE_PAGES_STEP})`);
}
