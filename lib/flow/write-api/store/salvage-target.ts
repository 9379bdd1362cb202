/**
 * Where a salvage puts what it has found: each call is one transaction, and each can be repeated, because a salvage
 * that is cut off begins anew. A reading is taken if the store has not received its seq, whatever has come since.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { Correction } from '../../batch.ts';
import { FLAG, type GoneCause } from '../../reading.ts';
import { contains, countOf, difference, rangesOfSeqs, type SeqRanges, union } from '../../seq-ranges.ts';
import type { SeriesKey } from '../readings-store.ts';
import type { CorrectionsTable } from './corrections-table.ts';
import { createRangeTable, type RangeTable } from './range-table.ts';
import type { RecentReadings } from './recent-readings.ts';
import type { Rollup } from './rollup.ts';
import type { FoundThinned } from './salvage-rows.ts';
import type { SeriesTable } from './series-table.ts';
import type { StreamsTable } from './streams-table.ts';

export interface StreamName {
  readonly stream: string;
  readonly gateway: string;
}

export interface SalvagedReading {
  readonly key: SeriesKey;
  readonly at: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

export interface SalvageTarget {
  /** How many of them were new. */
  addReadings(from: StreamName, readings: readonly SalvagedReading[]): number;
  addThinned(from: StreamName, source: StreamName, detail: FoundThinned): void;
  addCovered(from: StreamName, key: SeriesKey, ranges: SeqRanges): void;
  addGone(from: StreamName, cause: GoneCause, ranges: SeqRanges): void;
  addCorrection(from: StreamName, gateway: string, correction: Correction): void;
  /** One whose readings have left because of their age. */
  addRollup(key: SeriesKey, level: number, rollup: Rollup): void;
  /** From when on readings, minutes, hours and days are kept. */
  raiseKeptFrom(fromAts: readonly number[]): void;
  /**
   * What had been received of a stream, `aged` of it removed because of its age. Names as gone what is neither there
   * nor aged; says how many.
   */
  settle(from: StreamName, received: SeqRanges, aged: SeqRanges): number;
  /** Several calls in one transaction. */
  together<T>(work: () => T): T;
}

export interface SalvageTargetDeps {
  readonly database: SqliteDatabase;
  readonly streams: StreamsTable;
  readonly series: SeriesTable;
  readonly received: RangeTable<[stream: number]>;
  readonly gone: RangeTable<[stream: number, cause: string]>;
  readonly recent: Pick<RecentReadings, 'putFor'>;
  readonly corrections: Pick<CorrectionsTable, 'declare'>;
}

/** Whatever its number: to its place at once, since they come in the order of places. */
const MANY = 1_000_000;

export function createSalvageTarget(deps: SalvageTargetDeps): SalvageTarget {
  const { database, streams, series, received, gone, recent, corrections } = deps;
  const covered = createRangeTable<[source: number, series: number]>(database, 'covered', [
    'source',
    'series',
  ]);
  const insertThinned = database.prepare<number[]>(
    'INSERT OR IGNORE INTO thinned VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const isThere = database
    .prepare<[number, number, number, number], number>(
      'SELECT 1 FROM readings WHERE series = ? AND at = ? AND stream = ? AND seq = ?',
    )
    .pluck();
  const countThinned = database.prepare(
    `UPDATE store SET thinned_rows = thinned_rows + 1,
       thinned_readings = thinned_readings + coalesce((SELECT count FROM thinned WHERE stream = ? AND seq = ?), 1)`,
  );
  // Of several versions of a page the one that knows of more readings is the later one.
  const putRollup = database.prepare<number[]>(
    `INSERT INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET count = excluded.count, mean = excluded.mean, min = excluded.min, max = excluded.max,
       first = excluded.first, first_ms = excluded.first_ms, last = excluded.last, last_ms = excluded.last_ms
     WHERE excluded.count > count`,
  );
  const raise = database.prepare<[readonly number[]]>(
    `UPDATE store SET raw_from_at = max(raw_from_at, ?), minute_from_at = max(minute_from_at, ?),
       hour_from_at = max(hour_from_at, ?), day_from_at = max(day_from_at, ?)`,
  );
  const transaction = database.transaction((work: () => unknown) => work());

  /** A stream that has been delivered since is its deliverer's. */
  const idOf = ({ stream, gateway }: StreamName) =>
    streams.idOf(stream, streams.gatewayOf(stream) ?? gateway);
  const seriesOf = (key: SeriesKey) => series.idsOf([key]).ids[0];

  function note<K extends unknown[]>(table: RangeTable<K>, key: K, ranges: SeqRanges): void {
    if (ranges.length > 0) table.add(key, ranges, table.touching(key, ranges));
  }

  return {
    addReadings(from, readings) {
      const stream = idOf(from);
      const ids = series.idsOf(readings.map(({ key }) => key)).ids;
      const seqs = rangesOfSeqs(readings.filter((_, i) => ids[i] !== undefined).map(({ seq }) => seq));
      const touched = received.touching([stream], seqs);
      const fresh = difference(seqs, touched);
      if (fresh.length === 0) return 0;
      const putting = recent.putFor(MANY);
      const taken = new Set<number>();
      for (const [i, { at, seq, value, flags }] of readings.entries()) {
        const id = ids[i];
        if (id === undefined || taken.has(seq) || !contains(fresh, seq)) continue;
        taken.add(seq);
        // Only damage can have put it there without its seq, and then it must not end the salvage.
        if (isThere.get(id, at, stream, seq) !== undefined) continue;
        if ((flags & FLAG.thinned) !== 0) countThinned.run(stream, seq);
        putting.put(id, at, stream, seq, value, flags);
      }
      putting.flush();
      received.add([stream], fresh, touched);
      return taken.size;
    },
    addThinned(from, source, [, seq, ...detail]) {
      const cells = [...detail];
      // The source, by the id that it has here.
      cells[6] = idOf(source);
      insertThinned.run(idOf(from), seq, ...cells);
    },
    addCovered(from, key, ranges) {
      const id = seriesOf(key);
      if (id !== undefined) note(covered, [idOf(from), id], ranges);
    },
    addGone: (from, cause, ranges) => note(gone, [idOf(from), cause], ranges),
    addCorrection: (from, gateway, correction) => corrections.declare(idOf(from), [gateway], [correction]),
    addRollup(key, level, { at, flags, count, mean, min, max, first, firstMs, last, lastMs }) {
      const id = seriesOf(key);
      if (id !== undefined)
        putRollup.run(level, id, at, flags, count, mean, min, max, first, firstMs, last, lastMs);
    },
    raiseKeptFrom: (fromAts) => void raise.run(fromAts),
    settle(from, all, aged) {
      const stream = idOf(from);
      note(received, [stream], aged);
      const here = union(received.touching([stream], all), aged);
      const lost = difference(all, here);
      note(gone, [stream, 'corrupt'], lost);
      return countOf(lost);
    },
    together<T>(work: () => T): T {
      try {
        const result = transaction.immediate(work) as T;
        series.commit();
        return result;
      } catch (error) {
        series.rollback();
        throw error;
      }
    },
  };
}
