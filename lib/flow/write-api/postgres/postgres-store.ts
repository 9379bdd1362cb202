/**
 * The store in a PostgreSQL database, for any number of write APIs over one of them. A call of `ingest` is one
 * transaction, committed durably before it is answered; a batch that comes again, to whichever of them, is recognised
 * by set difference against the received ranges, under the lock of its stream.
 *
 * Nothing is kept here but what can be asked for again. A server that is away costs its answers and nothing else:
 * while it is, everything is refused with `store_unreachable`, and once it is back, work goes on by itself.
 */

import type { World } from '../../flow-event.ts';
import { countOf } from '../../seq-ranges.ts';
import { type IncomingBatch, type IngestAnswer, type ReadingsStore, StoreFault } from '../readings-store.ts';
import type { RetentionPeriods } from '../store/retention.ts';
import type { KeptStore } from '../store/store-upkeep.ts';
import type { Session } from './connections.ts';
import { correctionStep } from './corrections.ts';
import { takeIn } from './intake.ts';
import { createOpenedDatabase } from './opened-database.ts';
import { createPartitions } from './partitions.ts';
import { isNoPartition } from './postgres-fault.ts';
import { horizonsOf, retentionStep } from './retention.ts';
import { POSTGRES_MIGRATIONS } from './schema.ts';
import { createSeriesNames } from './series-names.ts';
import { beginStreams, describeStream } from './stream-rows.ts';

export interface PostgresStoreOptions {
  readonly url: string;
  readonly password?: string | undefined;
  /** What the server shows in its list of activities. */
  readonly program: string;
  readonly world: World;
  /** Series that all write APIs together may begin. */
  readonly seriesMax?: number;
  /** How long readings and rollups are kept; for ever if left out. */
  readonly retention?: RetentionPeriods;
}

export interface PostgresStore extends ReadingsStore, KeptStore {
  /**
   * Connects and makes the tables now, where that would otherwise be done with the first request. Throws `StoreFault`
   * if the server cannot be reached, which is no reason not to go on, and `SGW_SCHEMA_TOO_NEW` or
   * `SGW_DATABASE_PRAGMA`, which are.
   */
  open(): Promise<void>;
}

export { OPEN_MAX_MS } from './opened-database.ts';

/** A thousand gateways with a hundred series each; names take 15 MiB of memory when all are in use. */
const SERIES_MAX = 100_000;
/** Less than a reader waits for the answer to a round, so that it hears why. */
const INGEST_MAX_MS = 8_000;
const STREAM_MAX_MS = 8_000;
const STEP_MAX_MS = 8_000;
/** Streams, partitions and a partition that was dropped meanwhile: more can only be a quarrel. */
const TRIES_MAX = 5;
/** Dropping a partition waits for those who read it, and whoever comes next waits behind it. */
const DROP_LOCK_MAX_MS = 500;

const KEPT_FOR_EVER: RetentionPeriods = { rawMs: 0, minuteMs: 0, hourMs: 0, dayMs: 0 };

export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { clock, observe } = options.world;
  const series = createSeriesNames(options.seriesMax ?? SERIES_MAX);
  const partitions = createPartitions();
  const { url, password, program, world } = options;
  const database = createOpenedDatabase({
    url,
    password,
    program,
    world,
    prepare: (session) => partitions.ensureAhead(session, clock.wallMs()),
    onForget() {
      series.forget();
      partitions.forget();
    },
  });

  /** Some are open, as far as we know: those of others are met by the upkeep. */
  let isCorrecting = false;
  let rowsStored = 0;
  let lastStoredAt: number | null = null;
  let newestAt = 0;

  async function taken(
    session: Session,
    ownStream: string,
    batches: readonly IncomingBatch[],
  ): Promise<IngestAnswer[]> {
    const known = await series.learn(
      session,
      batches.flatMap((batch) => batch.series),
    );
    const deps = { ownStream, series: known, missing: partitions.missing };
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      try {
        const result = await session.transaction((sql) => takeIn(sql, batches, deps));
        if ('answers' in result) return result.answers;
        if (result.streams.size > 0) await beginStreams(session, result.streams);
        await partitions.ensure(session, result.stretches);
      } catch (error) {
        if (!isNoPartition(error)) throw error;
        partitions.forget();
      }
    }
    throw new StoreFault('store_busy', 'the database: partitions come and go', undefined);
  }

  /** Whether there is more to do. */
  async function correct(session: Session): Promise<boolean> {
    try {
      const step = await session.transaction((sql) => correctionStep(sql, partitions.missing));
      if (step.state === 'needs') await partitions.ensure(session, step.needs);
      isCorrecting = step.state !== 'nothing_to_do';
    } catch (error) {
      if (!isNoPartition(error)) throw error;
      // Dropped by another write API. The next step makes it again.
      partitions.forget();
      isCorrecting = true;
    }
    return isCorrecting;
  }

  async function age(session: Session): Promise<boolean> {
    const nowAt = Math.min(newestAt, clock.wallMs());
    const horizons = horizonsOf(options.retention ?? KEPT_FOR_EVER, nowAt);
    if (horizons.every((horizon) => horizon === 0)) return false;
    const { more, dropped, readings, rawFromAt } = await session.transaction(
      (sql) => retentionStep(sql, horizons),
      { lockMaxMs: DROP_LOCK_MAX_MS },
    );
    if (dropped.length > 0) partitions.forget();
    if (dropped.length > 0 || readings > 0) {
      const from = rawFromAt === 0 ? undefined : rawFromAt;
      observe({ type: 'store.partitions_dropped', partitions: dropped, readings, rawFromAt: from });
    }
    return more;
  }

  return {
    get ownStream() {
      return database.ownStream;
    },
    open: () => database.open(),
    async ingest(batches) {
      const answers = await database.work('ingest', INGEST_MAX_MS, (session, ownStream) =>
        taken(session, ownStream, batches),
      );
      const rows = answers.reduce((sum, answer) => sum + countOf(answer.stored), 0);
      rowsStored += rows;
      if (rows > 0) lastStoredAt = clock.wallMs();
      for (const batch of batches) for (const row of batch.rows) newestAt = Math.max(newestAt, row[2]);
      database.noteStored();
      if (batches.some(({ corrections }) => corrections.length > 0)) isCorrecting = true;
      // What has been answered for is stored. A correction that cannot go on now goes on with the upkeep, which meets
      // whatever it was again.
      if (isCorrecting) await database.work('correct', STEP_MAX_MS, correct).catch(() => {});
      return answers;
    },
    stream: (stream, from = 1) =>
      database.work('stream', STREAM_MAX_MS, (session) =>
        session.look((sql) => describeStream(sql, stream, from)),
      ),
    maintain: () =>
      database.work('upkeep', STEP_MAX_MS, async (session) => {
        await partitions.ensureAhead(session, clock.wallMs());
        const corrected = await correct(session);
        const aged = await age(session);
        return corrected || aged;
      }),
    async health() {
      const code = await database.faultNow();
      return {
        ok: code === undefined,
        ...(code === undefined ? {} : { code }),
        schema: POSTGRES_MIGRATIONS.length,
        rowsStored,
        lastStoredAt,
      };
    },
    close: () => database.close(),
  };
}
