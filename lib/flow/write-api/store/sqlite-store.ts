/**
 * The store in one SQLite file. A call of `ingest` is one transaction (WAL, synchronous=FULL): what it
 * answers as stored survives a power cut, and a batch that comes again is recognised by set difference
 * against the received ranges, in the same transaction that inserts. Hot statements are prepared once.
 *
 * One process writes; others may read the file at the same time (`sqlite-reader.ts`), and a second
 * writer is waited for briefly, then answered with `store_busy`.
 */

import { drizzle } from 'drizzle-orm/better-sqlite3';
import { openDatabase, type SqliteDatabase } from '../../../base/sqlite.ts';
import type { World } from '../../flow-event.ts';
import type { Refusal } from '../../reading.ts';
import {
  contains,
  countOf,
  difference,
  intersection,
  NO_SEQS,
  rangesOfSeqs,
  type SeqRanges,
  union,
} from '../../seq-ranges.ts';
import { STORE_CACHE_KIB, STORE_PAGE_BYTES, STORE_WAL_MIB } from '../limits.ts';
import type { IncomingBatch, IngestAnswer, ReadingsStore, StoreFaultCode } from '../readings-store.ts';
import { createBacklogWatch } from './backlog-watch.ts';
import { createCorrectionsTable } from './corrections-table.ts';
import { createLogWatch } from './log-watch.ts';
import { createRangeTable } from './range-table.ts';
import { createReadingsTable } from './readings-table.ts';
import { createRecentReadings } from './recent-readings.ts';
import { createRetention, type RetentionPeriods } from './retention.ts';
import { createRollupBackfill } from './rollup-backfill.ts';
import { createRollups } from './rollups.ts';
import { createSalvageTarget, type SalvageTarget } from './salvage-target.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { createSeriesTable } from './series-table.ts';
import { asStoreFault, storeFaultOf } from './sqlite-fault.ts';
import type { KeptStore } from './store-upkeep.ts';
import { createStreamsTable } from './streams-table.ts';
import { store as storeTable } from './tables.ts';
import { createUnrolledSpans } from './unrolled.ts';

export interface SqliteStoreOptions {
  readonly file: string;
  readonly world: World;
  /** Series it may have; a sender that puts a counter into a name must not fill the memory. */
  readonly seriesMax?: number;
  /** Bytes the file may have; beyond them `store_full`. All the disk if left out. */
  readonly bytesMax?: number;
  /** How long readings and rollups are kept; for ever if left out. */
  readonly retention?: RetentionPeriods;
  /** Called with the bytes of a file that is copied before its schema changes, which may take long. */
  readonly onUpgrading?: (bytes: number) => void;
}

/** A hundred gateways with a hundred sensors of ten metrics; 15 MiB of memory when all are in use. */
const SERIES_MAX = 100_000;

const KEPT_FOR_EVER: RetentionPeriods = { rawMs: 0, minuteMs: 0, hourMs: 0, dayMs: 0 };

export interface SqliteStore extends ReadingsStore, KeptStore {
  /** Where the readings of a damaged file are put. */
  readonly salvage: SalvageTarget;
}

/**
 * Opens (creates, migrates) the store. Throws what `openDatabase` throws.
 */
export function createSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { observe } = options.world;
  const database = openDatabase({
    file: options.file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
    cacheKiB: STORE_CACHE_KIB,
    walMiB: STORE_WAL_MIB,
    pageBytes: STORE_PAGE_BYTES,
    onUpgrading: (bytes) => options.onUpgrading?.(bytes),
    onUpgraded: (upgrade) => observe({ type: 'database.upgraded', file: options.file, ...upgrade }),
  });
  try {
    return createStore(database, options);
  } catch (error) {
    // A damaged file is moved aside by who asked for it, and must not stay open there.
    database.close();
    throw error;
  }
}

function createStore(database: SqliteDatabase, options: SqliteStoreOptions): SqliteStore {
  const { clock, random, observe } = options.world;
  if (options.bytesMax !== undefined) limitBytes(database, options.bytesMax);

  const ownStream = bornWith(database, random.streamId());
  const streams = createStreamsTable(database);
  const series = createSeriesTable(database, options.seriesMax ?? SERIES_MAX);
  const received = createRangeTable<[stream: number]>(database, 'received', ['stream']);
  const gone = createRangeTable<[stream: number, cause: string]>(database, 'gone', ['stream', 'cause']);
  const rollups = createRollups(database, createUnrolledSpans(database));
  const recent = createRecentReadings(database, rollups);
  const corrections = createCorrectionsTable(database, recent, rollups);
  const readings = createReadingsTable(database, { received, streams, corrections, recent });

  const salvage = createSalvageTarget({ database, streams, series, received, gone, recent, corrections });
  const backfill = createRollupBackfill(database, rollups);
  const retention = createRetention(database, options.retention ?? KEPT_FOR_EVER, clock);
  const logWatch = createLogWatch({ database, walBytes: STORE_WAL_MIB * 1_048_576, observe });

  const backlog = createBacklogWatch(clock);

  let rollingUp = false;
  let rowsStored = 0;
  let lastStoredAt: number | null = null;
  let fault: StoreFaultCode | undefined;

  function ingestOne(batch: IncomingBatch): IngestAnswer {
    const name = batch.stream ?? ownStream;
    const deliveredBy = batch.corrections.length === 0 ? undefined : streams.gatewayOf(name);
    const stream = streams.idOf(name, batch.gateway);
    corrections.declare(stream, [batch.gateway, deliveredBy ?? batch.gateway], batch.corrections);
    const shift = batch.stream === undefined ? (received.highest([stream]) ?? 0) : 0;
    const { ids, full } = series.idsOf(batch.series);

    const refused: Refusal[] = [...batch.refused];
    const good: number[] = [];
    for (const [seq, index] of batch.rows) {
      if (ids[index] === undefined) refused.push(full(seq + shift, batch.series[index]));
      else good.push(seq + shift);
    }
    const sent = rangesOfSeqs(good);
    const refusedSeqs = rangesOfSeqs(refused.map((one) => one.seq));
    const asked = union(sent, refusedSeqs);
    const touched = received.touching([stream], asked);
    const fresh = difference(sent, touched);

    let there: SeqRanges = NO_SEQS;
    if (fresh.length > 0) {
      const { gateway, rows, sources } = batch;
      there = rangesOfSeqs(readings.add({ gateway, rows, sources, stream, shift, ids }, fresh));
      received.add([stream], fresh, touched);
    }
    for (const [lo, hi, cause] of batch.gone) {
      const range = [[lo, hi]] as const;
      gone.add([stream, cause], range, gone.touching([stream, cause], range));
    }
    return {
      stream: name,
      stored: difference(fresh, there) as [number, number][],
      duplicate: union(intersection(asked, touched), there) as [number, number][],
      refused: refused.filter((one) => !contains(touched, one.seq)),
    };
  }

  const ingestAll = database.transaction((batches: readonly IncomingBatch[]) => {
    const answers = batches.map(ingestOne);
    corrections.step();
    recent.settleIfMany();
    return answers;
  });

  const upkeep = database.transaction(() => ({
    rolledUp: !backlog.drains() && backfill.step(),
    aged: retention.step(),
  }));

  return {
    ownStream,
    salvage,
    async ingest(batches) {
      try {
        // Immediate: a transaction that begins by reading and then wants to write can be refused midway.
        const answers = ingestAll.immediate(batches);
        series.commit();
        const rows = answers.reduce((sum, answer) => sum + countOf(answer.stored), 0);
        backlog.stored(rows);
        rowsStored += rows;
        if (rows > 0) lastStoredAt = clock.wallMs();
        for (const batch of batches) for (const row of batch.rows) retention.seen(row[2]);
        fault = undefined;
        return answers;
      } catch (error) {
        series.rollback();
        const now = storeFaultOf(error);
        // A lock that somebody else held for a moment is not an illness of ours.
        if (now !== 'store_busy') fault = now ?? fault;
        throw asStoreFault(error);
      }
    },
    async stream(stream, from = 1) {
      try {
        return streams.describe(stream, from, received, gone);
      } catch (error) {
        throw asStoreFault(error);
      }
    },
    async maintain() {
      try {
        const { rolledUp, aged } = upkeep.immediate();
        if (rollingUp && !backfill.isDue()) observe({ type: 'store.rolled_up' });
        rollingUp = rolledUp && backfill.isDue();
        if (aged?.done && aged.readings + aged.rollups > 0) {
          const { readings, rollups, rawFromAt } = aged;
          observe({ type: 'store.aged', readings, rollups, rawFromAt });
        }
        logWatch.look();
        return rolledUp || aged?.done === false;
      } catch (error) {
        retention.rollback();
        throw asStoreFault(error);
      }
    },
    async health() {
      const now = fault ?? faultOfReading(database);
      return {
        ok: now === undefined,
        ...(now === undefined ? {} : { code: now }),
        schema: STORE_MIGRATIONS.length,
        rowsStored,
        lastStoredAt,
      };
    },
    async close() {
      database.close();
    },
  };
}

/** The stream that was written when the file was made, or `candidate` if that is now. */
function bornWith(database: SqliteDatabase, candidate: string): string {
  const orm = drizzle(database);
  orm.insert(storeTable).values({ id: 1, stream: candidate }).onConflictDoNothing().run();
  return orm.select().from(storeTable).all()[0]?.stream ?? candidate;
}

/** The limit belongs to the connection, not to the file: it is set each time that the file is opened. */
function limitBytes(database: SqliteDatabase, bytesMax: number): void {
  const pageSize = database.pragma('page_size', { simple: true });
  database.pragma(`max_page_count = ${Math.max(1, Math.floor(bytesMax / Number(pageSize)))}`);
}

function faultOfReading(database: SqliteDatabase): StoreFaultCode | undefined {
  try {
    database.prepare('SELECT stream FROM store').get();
    return undefined;
  } catch (error) {
    return storeFaultOf(error) ?? 'store_io';
  }
}
