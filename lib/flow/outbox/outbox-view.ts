/**
 * The outbox seen from outside: for the command line and the monitor, while the reader runs or after it
 * has stopped. Never writes, and holds no read transaction beyond a call: a long one would keep the
 * reader's WAL from being reset.
 */

import { asc, desc, eq } from 'drizzle-orm';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import { backlogOf } from './backlog.ts';
import { readBreaker, readBreakerTransitions } from './breakers.ts';
import { countDeadLetters, readDeadLetters } from './dead-letters.ts';
import { firstRow } from './opening.ts';
import type { Backlog, BreakerRecord, BreakerTransition, DeadLetter, OutcomeRecord } from './outbox.ts';
import { readOutcome } from './outcomes.ts';
import {
  acknowledged,
  destinations,
  OUTBOX_APPLICATION_ID,
  OUTBOX_MIGRATIONS,
  readings,
  streams,
} from './schema.ts';

export interface DestinationStats extends Backlog {
  readonly destination: string;
  readonly breaker: BreakerRecord | undefined;
  /** What it has been answering; `undefined` if it was never asked. */
  readonly outcome: OutcomeRecord | undefined;
}

export interface OutboxStats {
  /** The stream that new readings join; `undefined` if the file has never been opened to the end. */
  readonly stream: string | undefined;
  /** Rows in the file, delivered or not. */
  readonly rows: number;
  readonly nextSeq: number;
  /** Those that are configured, by name. */
  readonly destinations: readonly DestinationStats[];
  readonly deadLetters: number;
}

export interface OutboxView {
  /** One consistent moment. Acknowledgements that the reader has not written yet are not in it. */
  stats(): OutboxStats;
  /** The latest first. */
  deadLetters(limit: number): DeadLetter[];
  /** The latest first. */
  breakerTransitions(limit: number): BreakerTransition[];
  close(): void;
}

/** Throws what `openDatabaseReadOnly` throws. */
export function openOutboxReadOnly(file: string): OutboxView {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const orm = drizzle({ client: database });

  const stats = database.transaction((): OutboxStats => {
    const stream = orm.select().from(streams).orderBy(desc(streams.ordinal)).limit(1).get();
    const nextSeq = stream?.nextSeq ?? 1;
    const firstSeq = firstRow(database, nextSeq);
    const atOf = (seq: number) =>
      orm.select({ at: readings.at }).from(readings).where(eq(readings.seq, seq)).get()?.at;
    const statsOf = (destination: string): DestinationStats => ({
      destination,
      ...backlogOf(acknowledgedBy(orm, destination, firstSeq), nextSeq, atOf),
      breaker: readBreaker(orm, destination),
      outcome: readOutcome(orm, destination),
    });
    return {
      stream: stream?.id,
      rows: nextSeq - firstSeq,
      nextSeq,
      destinations: configuredDestinations(orm).map(statsOf),
      deadLetters: countDeadLetters(orm),
    };
  });

  return {
    stats: () => stats.deferred(),
    deadLetters: (limit) => readDeadLetters(orm, limit),
    breakerTransitions: (limit) => readBreakerTransitions(orm, limit),
    close: () => database.close(),
  };
}

function configuredDestinations(orm: BetterSQLite3Database): string[] {
  const rows = orm.select().from(destinations).where(eq(destinations.configured, true));
  return rows
    .orderBy(asc(destinations.name))
    .all()
    .map(({ name }) => name);
}

function acknowledgedBy(orm: BetterSQLite3Database, destination: string, firstSeq: number): SeqRanges {
  const rows = orm.select().from(acknowledged).where(eq(acknowledged.destination, destination));
  const written = rows.orderBy(asc(acknowledged.lo)).all();
  const below: SeqRanges = firstSeq > 1 ? [[1, firstSeq - 1]] : NO_SEQS;
  return union(
    below,
    written.map(({ lo, hi }) => [lo, hi] as const),
  );
}
