/**
 * The store in a PostgreSQL database, for any number of write APIs over one of them. A call of `ingest` is one
 * transaction, committed durably before it is answered; a batch that comes again, to whichever of them, is recognised
 * by set difference against the received ranges, under the lock of its stream.
 *
 * Nothing is kept here but what can be asked for again. A server that is away costs its answers and nothing else:
 * while it is, everything is refused with `store_unreachable`, and once it is back, work goes on by itself.
 */

import { GatewayError, messageOf } from '../../../base/errors.ts';
import type { World } from '../../flow-event.ts';
import { countOf } from '../../seq-ranges.ts';
import {
  type IncomingBatch,
  type IngestAnswer,
  type ReadingsStore,
  StoreFault,
  type StoreFaultCode,
} from '../readings-store.ts';
import type { RetentionPeriods } from '../store/retention.ts';
import type { KeptStore } from '../store/store-upkeep.ts';
import { createConnections, type Session, type Sql } from './connections.ts';
import { correctionStep } from './corrections.ts';
import { takeIn } from './intake.ts';
import { MIGRATION_MAX_MS, migrateDatabase } from './migrate.ts';
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

/** A thousand gateways with a hundred series each; names take 15 MiB of memory when all are in use. */
const SERIES_MAX = 100_000;
/** With two migrations one after the other, another write API's and our own, and what is around them. */
export const OPEN_MAX_MS = 2 * MIGRATION_MAX_MS + 10_000;
/** Less than a reader waits for the answer to a round, so that it hears why. */
const INGEST_MAX_MS = 8_000;
const STREAM_MAX_MS = 8_000;
const HEALTH_MAX_MS = 2_000;
const STEP_MAX_MS = 8_000;
/** Streams, partitions and a partition that was dropped meanwhile: more can only be a quarrel. */
const TRIES_MAX = 5;
/** Dropping a partition waits for those who read it, and whoever comes next waits behind it. */
const DROP_LOCK_MAX_MS = 500;
/** A full disk or a failing one is told for so long after it was last met. */
const FAULT_TOLD_MS = 60_000;

const KEPT_FOR_EVER: RetentionPeriods = { rawMs: 0, minuteMs: 0, hourMs: 0, dayMs: 0 };

export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { clock, random, observe } = options.world;
  const series = createSeriesNames(options.seriesMax ?? SERIES_MAX);
  const partitions = createPartitions();
  const connections = createConnections({
    url: options.url,
    password: options.password,
    program: options.program,
    clock,
    onLost: forget,
  });

  let ownStream: string | undefined;
  let isOpen = false;
  let isOpening = false;
  /** Some are open, as far as we know: those of others are met by the upkeep. */
  let isCorrecting = false;
  let lostMono: number | undefined;
  let rowsStored = 0;
  let lastStoredAt: number | null = null;
  let newestAt = 0;
  let fault: { readonly code: StoreFaultCode; readonly metMono: number } | undefined;

  /** What comes back may be another database: restored, or made anew. */
  function forget(): void {
    isOpen = false;
    series.forget();
    partitions.forget();
  }

  function noteFault(error: unknown): void {
    if (!(error instanceof StoreFault)) return;
    if (error.code === 'store_full' || error.code === 'store_io')
      fault = { code: error.code, metMono: clock.monotonicMs() };
    if (error.code !== 'store_unreachable') return;
    forget();
    if (lostMono !== undefined) return;
    lostMono = clock.monotonicMs();
    observe({ type: 'store.unreachable', message: error.message });
  }

  function noteSuccess(): void {
    if (lostMono === undefined) return;
    observe({ type: 'store.reachable', downMs: Math.round(clock.monotonicMs() - lostMono) });
    lostMono = undefined;
  }

  async function work<T>(what: string, maxMs: number, job: (session: Session) => Promise<T>): Promise<T> {
    try {
      const result = await connections.within(what, maxMs, job);
      noteSuccess();
      return result;
    } catch (error) {
      noteFault(error);
      throw error;
    }
  }

  async function opened(session: Session): Promise<string> {
    if (isOpen && ownStream !== undefined) return ownStream;
    await migrateDatabase(session);
    const stream = (await session.look(ownStreamOf)) ?? (await session.transaction(beginOwnStream));
    if (stream === undefined) throw new Error('the database has no stream of its own');
    await partitions.ensureAhead(session, clock.wallMs());
    ownStream = stream;
    isOpen = true;
    return stream;
  }

  async function beginOwnStream(sql: Sql): Promise<string | undefined> {
    const candidate = random.streamId();
    await sql.run('INSERT INTO sensorgw.store (id, stream) VALUES (1, $1) ON CONFLICT DO NOTHING', [
      candidate,
    ]);
    return ownStreamOf(sql);
  }

  /** For whom a schema that is too new is one of the reasons why nothing can be stored now. */
  async function openedOrFault(session: Session): Promise<string> {
    try {
      return await opened(session);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      throw new StoreFault('store_unreachable', messageOf(error), error);
    }
  }

  /** The first time takes as long as it takes, and nobody's request is to wait for it, or to end it. */
  async function openedForWork(session: Session): Promise<string> {
    if (ownStream !== undefined) return openedOrFault(session);
    void openSoon();
    throw notYetReached();
  }

  /** For the requests to come. What keeps it from opening is noted. */
  async function openSoon(): Promise<void> {
    if (isOpening) return;
    isOpening = true;
    await work('open', OPEN_MAX_MS, openedOrFault).catch(() => {});
    isOpening = false;
  }

  async function taken(session: Session, batches: readonly IncomingBatch[]): Promise<IngestAnswer[]> {
    const own = await openedForWork(session);
    const known = await series.learn(
      session,
      batches.flatMap((batch) => batch.series),
    );
    const deps = { ownStream: own, series: known, missing: partitions.missing };
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
      if (ownStream !== undefined) return ownStream;
      // Without it no request gets as far as asking the server, so that somebody has to.
      void openSoon();
      throw notYetReached();
    },
    async open() {
      await work('open', OPEN_MAX_MS, opened);
    },
    async ingest(batches) {
      const answers = await work('ingest', INGEST_MAX_MS, (session) => taken(session, batches));
      const rows = answers.reduce((sum, answer) => sum + countOf(answer.stored), 0);
      rowsStored += rows;
      if (rows > 0) lastStoredAt = clock.wallMs();
      for (const batch of batches) for (const row of batch.rows) newestAt = Math.max(newestAt, row[2]);
      fault = undefined;
      if (batches.some(({ corrections }) => corrections.length > 0)) isCorrecting = true;
      // What has been answered for is stored. A correction that cannot go on now goes on with the upkeep, which meets
      // whatever it was again.
      if (isCorrecting) await work('correct', STEP_MAX_MS, correct).catch(() => {});
      return answers;
    },
    stream: (stream, from = 1) =>
      work('stream', STREAM_MAX_MS, async (session) => {
        await openedForWork(session);
        return session.look((sql) => describeStream(sql, stream, from));
      }),
    maintain: () =>
      work('upkeep', STEP_MAX_MS, async (session) => {
        await openedForWork(session);
        await partitions.ensureAhead(session, clock.wallMs());
        const corrected = await correct(session);
        const aged = await age(session);
        return corrected || aged;
      }),
    async health() {
      const code = (await faultNow()) ?? rememberedFault();
      return {
        ok: code === undefined,
        ...(code === undefined ? {} : { code }),
        schema: POSTGRES_MIGRATIONS.length,
        rowsStored,
        lastStoredAt,
      };
    },
    close: () => connections.close(),
  };

  /** Asked of the server, so that a write API without traffic is found well again. */
  async function faultNow(): Promise<StoreFaultCode | undefined> {
    try {
      const canWrite = await work('health', HEALTH_MAX_MS, async (session) => {
        await openedForWork(session);
        const [row] = await session.look((sql) =>
          sql.rows<{ can: boolean }>(
            "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS can FROM sensorgw.store",
          ),
        );
        return row?.can === true;
      });
      return canWrite ? undefined : 'store_unreachable';
    } catch (error) {
      return error instanceof StoreFault ? error.code : 'store_io';
    }
  }

  function rememberedFault(): StoreFaultCode | undefined {
    const isRecent = fault !== undefined && clock.monotonicMs() - fault.metMono < FAULT_TOLD_MS;
    return isRecent ? fault?.code : undefined;
  }
}

function notYetReached(): StoreFault {
  return new StoreFault('store_unreachable', 'the database has not been reached yet', undefined);
}

async function ownStreamOf(sql: Sql): Promise<string | undefined> {
  const [row] = await sql.rows<{ stream: string }>('SELECT stream FROM sensorgw.store');
  return row?.stream;
}
