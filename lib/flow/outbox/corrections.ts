/**
 * What each destination has still to be told of readings that it was sent with times nobody vouched for: by
 * how much they are to be moved. Of an entry that part is told whose readings are acknowledged, so that whatever
 * was on its way has arrived, and it is forgotten once the destination has it. Hearing one twice does no harm.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { CORRECTIONS_MAX, type Correction } from '../batch.ts';
import { difference, intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { type Book, createMirror } from './mirror.ts';

export interface CorrectionEntry {
  readonly destination: string;
  readonly stream: string;
  readonly lo: number;
  readonly hi: number;
  readonly offsetMs: number;
  readonly fromAt: number;
  readonly toAt: number;
}

export interface CorrectionLedger extends Book {
  /** Inside a transaction. One that continues another becomes one with it. */
  declare(entry: CorrectionEntry): void;
  /** The next ones to tell, of one stream; `undefined` if there are none. */
  untold(destination: string, acknowledged: SeqRanges): readonly CorrectionEntry[] | undefined;
  /** In memory until the next transaction: after a crash it is told once more. */
  noteTold(destination: string, told: SeqRanges): void;
}

export function openCorrections(database: SqliteDatabase): CorrectionLedger {
  const select = database.prepare<[], CorrectionEntry>(
    `SELECT destination, stream, lo, hi, offset_ms AS offsetMs, from_at AS fromAt, to_at AS toAt
     FROM corrections ORDER BY destination, lo`,
  );
  const put = database.prepare<[string, string, number, number, number, number, number]>(
    `INSERT OR REPLACE INTO corrections (destination, stream, lo, hi, offset_ms, from_at, to_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const drop = database.prepare<[string, number]>('DELETE FROM corrections WHERE destination = ? AND lo = ?');
  const mirror = createMirror<CorrectionEntry>(select.all(), {
    keyOf: ({ destination, lo }) => `${destination} ${lo}`,
    put: (one) => put.run(one.destination, one.stream, one.lo, one.hi, one.offsetMs, one.fromAt, one.toAt),
    drop: ({ destination, lo }) => drop.run(destination, lo),
  });

  return {
    ...mirror,
    declare(entry) {
      const rows = mirror.rows();
      const before = rows.findLastIndex((one) => continues(entry, one));
      const known = rows[before];
      mirror.change(known === undefined ? [...rows, entry] : rows.with(before, { ...known, hi: entry.hi }));
    },
    untold(destination, acknowledged) {
      // Not the rest of them: what stands for readings that were thinned must come after the move.
      const ready = mirror
        .rows()
        .filter((one) => one.destination === destination)
        .flatMap((one) =>
          intersection([[one.lo, one.hi]], acknowledged).map(([lo, hi]) => ({ ...one, lo, hi })),
        );
      const stream = ready[0]?.stream;
      if (stream === undefined) return undefined;
      return ready.filter((one) => one.stream === stream).slice(0, CORRECTIONS_MAX);
    },
    noteTold(destination, told) {
      mirror.change(
        mirror
          .rows()
          .flatMap((one) =>
            one.destination === destination
              ? difference([[one.lo, one.hi]], told).map(([lo, hi]) => ({ ...one, lo, hi }))
              : [one],
          ),
      );
    },
  };
}

function continues(entry: CorrectionEntry, before: CorrectionEntry): boolean {
  return (
    before.hi === entry.lo - 1 &&
    before.destination === entry.destination &&
    before.stream === entry.stream &&
    before.offsetMs === entry.offsetMs &&
    before.fromAt === entry.fromAt &&
    before.toAt === entry.toAt
  );
}

/** The body of a request that only tells of corrections, all of one stream, and the seqs that they are about. */
export function correctionsText(
  gateway: string,
  entries: readonly CorrectionEntry[],
): { body: string; stream: string; told: SeqRanges } {
  const stream = entries[0]?.stream ?? '';
  const corrections = entries.map(
    ({ lo, hi, offsetMs, fromAt, toAt }): Correction => [lo, hi, offsetMs, fromAt, toAt],
  );
  const body = JSON.stringify({ gateway, stream, series: [], readings: [], corrections });
  return { body, stream, told: entries.map(({ lo, hi }): SeqRange => [lo, hi]) };
}
