/**
 * Each destination's breaker as it stands, and the latest of its transitions. Both are written together,
 * so the history can never disagree with the state; the log only repeats them for convenience.
 */

import { desc, eq, lte } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { TRANSITIONS_KEPT } from './outage.ts';
import type { BreakerRecord, BreakerTransition } from './outbox.ts';
import { breakers, breakerTransitions } from './schema.ts';

/** A reason is one line in a status, not a server's error page. */
const REASON_LENGTH_MAX = 400;

export function readBreaker(orm: BetterSQLite3Database, destination: string): BreakerRecord | undefined {
  const row = orm.select().from(breakers).where(eq(breakers.destination, destination)).get();
  if (row === undefined) return undefined;
  const { destination: _, ...record } = row;
  return record;
}

/** One transaction: the record, and a transition if its state is another than before. */
export function saveBreaker(orm: BetterSQLite3Database, destination: string, record: BreakerRecord): void {
  const reason = record.reason.slice(0, REASON_LENGTH_MAX);
  const row = { ...record, reason };
  orm.transaction(
    (tx) => {
      const fromState = readBreaker(tx, destination)?.state ?? 'closed';
      tx.insert(breakers)
        .values({ destination, ...row })
        .onConflictDoUpdate({ target: breakers.destination, set: row })
        .run();
      if (fromState === record.state) return;
      const { id } = tx
        .insert(breakerTransitions)
        .values({
          destination,
          fromState,
          toState: record.state,
          at: record.sinceAt,
          reason,
          step: record.step,
        })
        .returning({ id: breakerTransitions.id })
        .get();
      tx.delete(breakerTransitions)
        .where(lte(breakerTransitions.id, id - TRANSITIONS_KEPT))
        .run();
    },
    { behavior: 'immediate' },
  );
}

/** The latest first. */
export function readBreakerTransitions(orm: BetterSQLite3Database, limit: number): BreakerTransition[] {
  return orm
    .select()
    .from(breakerTransitions)
    .orderBy(desc(breakerTransitions.id))
    .limit(limit)
    .all()
    .map(({ destination, fromState, toState, at, reason, step }) => ({
      destination,
      from: fromState,
      to: toState,
      at,
      reason,
      step,
    }));
}
