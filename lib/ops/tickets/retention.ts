/**
 * How long resolved tickets stay, with their history. What is not resolved never leaves; a resolved one leaves with
 * its age or with its number, the one first that was resolved first. Age is told by the wall clock, which may be wrong
 * by years: so the latest hundred stay in any case.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { RESOLVED_KEPT, RESOLVED_MAX } from './bounds.ts';

/** A year: what came with a winter is seen to come with the next one. */
export const KEEP_MS = 365 * 86_400_000;

/** Returns what removes those that are to go at this wall time. Inside a transaction. */
export function prepareRetention(database: SqliteDatabase, keepMs: number): (at: number) => void {
  // The order in which they were resolved is that of their last lines, whatever the clock said.
  const behind = `SELECT id FROM tickets WHERE state = 'resolved'
    ORDER BY (SELECT max(id) FROM changes WHERE ticket = tickets.id) DESC LIMIT -1 OFFSET ?`;
  const tooMany = database.prepare<[number]>(`DELETE FROM tickets WHERE id IN (${behind})`);
  const tooOld = database.prepare<[number, number]>(
    `DELETE FROM tickets WHERE resolved_at < ? AND id IN (${behind})`,
  );
  return (at) => {
    tooMany.run(RESOLVED_MAX);
    tooOld.run(at - keepMs, RESOLVED_KEPT);
  };
}
