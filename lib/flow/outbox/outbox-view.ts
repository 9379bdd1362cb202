/**
 * The outbox seen from outside: for the command line and the monitor, while the reader runs or after it
 * has stopped. Never writes, and holds no read transaction beyond a call: a long one would keep the
 * reader's WAL from being reset.
 */

import { asc, between, count, desc, eq } from 'drizzle-orm';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { countOf, difference, type SeqRanges, union } from '../seq-ranges.ts';
import { leftOf } from './absent.ts';
import { backlogOf } from './backlog.ts';
import { readBreaker, readBreakerTransitions } from './breakers.ts';
import { countDeadLetters, type LetterPick, readDeadLetters } from './dead-letters.ts';
import { presentIn, readExtents } from './extents.ts';
import type { PacedRow } from './forecast.ts';
import type { Backlog, BreakerRecord, BreakerTransition, DeadLetter, OutcomeRecord } from './outbox.ts';
import { type OutboxRow, prepareRows } from './outbox-rows.ts';
import { readOutcome } from './outcomes.ts';
import { candidates } from './pick-rows.ts';
import {
  acknowledged,
  destinations,
  OUTBOX_APPLICATION_ID,
  OUTBOX_MIGRATIONS,
  readings,
  rollbacks,
  streams,
} from './schema.ts';
import { ofTier, RAW, TIERS } from './tiers.ts';

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
  /** Of these, rows that stand for several readings. */
  readonly thinnedRows: number;
  readonly nextSeq: number;
  /** Those that are configured, by name. */
  readonly destinations: readonly DestinationStats[];
  readonly deadLetters: number;
}

interface MeasuredRow extends PacedRow {
  readonly series: number;
  readonly at: number;
}

export interface OutboxMeasures {
  readonly streams: number;
  /** The file itself, without its log. */
  readonly fileBytes: number;
  /** What of it holds something; the rest is kept for the next backlog. */
  readonly bytesUsed: number;
  /** Ascending by seq: what a rate is measured on. */
  readonly newest: readonly MeasuredRow[];
}

export interface OutboxView {
  /** One consistent moment. Acknowledgements that the reader has not written yet are not in it. */
  stats(): OutboxStats;
  /** What a forecast is made of. */
  measures(): OutboxMeasures;
  /** The next rows that a destination has not acknowledged, ascending, at most `limit`. */
  waiting(destination: string, limit: number): OutboxRow[];
  /** Every row, ascending, in pages: no transaction is open while the caller works on one. */
  rows(): Generator<OutboxRow>;
  /** The latest first. */
  deadLetters(limit: number, pick?: LetterPick): DeadLetter[];
  countDeadLetters(destination: string | undefined, seq: number | undefined): number;
  /** The latest first. */
  breakerTransitions(limit: number): BreakerTransition[];
  /** Where another copy of this file went on; the latest first. */
  rollbacks(): RollbackRecord[];
  close(): void;
}

export interface RollbackRecord {
  readonly destination: string;
  readonly stream: string;
  /** The highest seq that was assigned here, and the highest that the destination has received. */
  readonly ours: number;
  readonly theirs: number;
  readonly notedAt: number;
}

/** Hours of a small gateway, minutes of a large one. */
const ROWS_FOR_RATE = 1_000;

/** Throws what `openDatabaseReadOnly` throws. */
export function openOutboxReadOnly(file: string): OutboxView {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const orm = drizzle({ client: database });

  const stats = database.transaction((): OutboxStats => {
    const ofReadings = between(streams.firstSeq, ...RAW.space);
    const stream = orm.select().from(streams).where(ofReadings).orderBy(desc(streams.ordinal)).limit(1).get();
    const extents = readExtents(database);
    const present = presentIn(extents);
    const left = leftOf(database, extents);
    const rows = difference(present, left);
    const atOf = (seq: number) =>
      orm.select({ at: readings.at }).from(readings).where(eq(readings.seq, seq)).get()?.at;
    const statsOf = (destination: string): DestinationStats => ({
      destination,
      ...backlogOf(present, acknowledgedBy(orm, destination, left), atOf),
      breaker: readBreaker(orm, destination),
      outcome: readOutcome(orm, destination),
    });
    return {
      stream: stream?.id,
      rows: countOf(rows),
      thinnedRows: countOf(difference(rows, [RAW.space])),
      nextSeq: stream?.nextSeq ?? 1,
      destinations: configuredDestinations(orm).map(statsOf),
      deadLetters: countDeadLetters(orm),
    };
  });

  const rows = prepareRows(database);
  const waiting = database.transaction((destination: string, limit: number): OutboxRow[] => {
    const extents = readExtents(database);
    const acknowledged = acknowledgedBy(orm, destination, leftOf(database, extents));
    const due = candidates(presentIn(extents), acknowledged, {});
    const oldestFirst = TIERS.toReversed().flatMap((tier) => ofTier(tier, due));
    return rows.of(oldestFirst, limit);
  });

  const measures = database.transaction((): OutboxMeasures => {
    const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
    const newest = orm
      .select({ series: readings.series, at: readings.at, boot: readings.boot, monoMs: readings.monoMs })
      .from(readings)
      .where(between(readings.seq, ...RAW.space));
    return {
      streams: orm.select({ rows: count() }).from(streams).get()?.rows ?? 0,
      fileBytes: pragma('page_count') * pragma('page_size'),
      bytesUsed: (pragma('page_count') - pragma('freelist_count')) * pragma('page_size'),
      newest: newest.orderBy(desc(readings.seq)).limit(ROWS_FOR_RATE).all().reverse(),
    };
  });

  return {
    stats: () => stats.deferred(),
    measures: () => measures.deferred(),
    waiting: (destination, limit) => waiting.deferred(destination, limit),
    rows: () => rows.all(),
    deadLetters: (limit, pick) => readDeadLetters(orm, limit, pick),
    countDeadLetters: (destination, seq) => countDeadLetters(orm, { destination, seq }),
    breakerTransitions: (limit) => readBreakerTransitions(orm, limit),
    rollbacks: () => orm.select().from(rollbacks).orderBy(desc(rollbacks.notedAt)).all(),
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

function acknowledgedBy(orm: BetterSQLite3Database, destination: string, left: SeqRanges): SeqRanges {
  const rows = orm.select().from(acknowledged).where(eq(acknowledged.destination, destination));
  const written = rows.orderBy(asc(acknowledged.lo)).all();
  return union(
    left,
    written.map(({ lo, hi }) => [lo, hi] as const),
  );
}
