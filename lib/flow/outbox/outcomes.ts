/** What each destination has been answering, kept so that `sensorctl why` need not read a log. */

import { eq } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import type { OutcomeRecord } from './outbox.ts';
import { outcomes } from './schema.ts';

/** A reason is one line in an answer to a person, not a server's error page. */
const REASON_LENGTH_MAX = 400;

export function readOutcome(orm: BetterSQLite3Database, destination: string): OutcomeRecord | undefined {
  const row = orm.select().from(outcomes).where(eq(outcomes.destination, destination)).get();
  if (row === undefined) return undefined;
  const { destination: _, ...record } = row;
  return record;
}

export function noteOutcome(orm: BetterSQLite3Database, destination: string, outcome: OutcomeRecord): void {
  const row = { ...outcome, reason: outcome.reason.slice(0, REASON_LENGTH_MAX) };
  const known = readOutcome(orm, destination);
  if (known?.kind === row.kind && known.reason === row.reason) return;
  orm
    .insert(outcomes)
    .values({ destination, ...row })
    .onConflictDoUpdate({ target: outcomes.destination, set: row })
    .run();
}
