/**
 * What a store has of each stream, read from its file: which seqs came, which it was told will never come,
 * and when their neighbours were measured. For people who ask what is missing; never writes.
 */

import { openDatabaseReadOnly } from '../../../base/sqlite.ts';
import type { GoneCause } from '../../reading.ts';
import { difference, normalized, type SeqRange, type SeqRanges } from '../../seq-ranges.ts';
import { type PausesOf, preparePauses } from './pauses.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';

export interface StreamBook {
  readonly stream: string;
  readonly gateway: string;
  readonly received: SeqRanges;
  /** What came after all is only in `received`. */
  readonly gone: readonly (readonly [lo: number, hi: number, cause: GoneCause])[];
  /** What is there as a part of thinned readings. */
  readonly covered: SeqRanges;
}

export interface StreamBooks {
  readonly streams: readonly StreamBook[];
  /** Wall times of these seqs of a stream, as far as they were measured from `sinceAt` on. */
  timesOf(
    wanted: ReadonlyMap<string, ReadonlySet<number>>,
    sinceAt: number,
  ): Map<string, Map<number, number>>;
  readonly pausesOf: PausesOf;
  close(): void;
}

/** Throws what `openDatabaseReadOnly` throws. */
export function openStreamBooks(file: string): StreamBooks {
  const database = openDatabaseReadOnly({
    file,
    applicationId: STORE_APPLICATION_ID,
    migrations: STORE_MIGRATIONS,
  });
  const receivedOf = database
    .prepare<[number], SeqRange>('SELECT lo, hi FROM received WHERE stream = ?')
    .raw();
  const goneOf = database
    .prepare<[number], [number, number, GoneCause]>(
      'SELECT lo, hi, cause FROM gone WHERE stream = ? ORDER BY lo',
    )
    .raw();
  const coveredOf = database.prepare<[number], SeqRange>('SELECT lo, hi FROM covered WHERE source = ?').raw();
  const books = database.transaction(() =>
    database
      .prepare<[], { id: number; stream: string; gateway: string }>('SELECT id, stream, gateway FROM streams')
      .all()
      .map(({ id, stream, gateway }): StreamBook => {
        const received = normalized(receivedOf.all(id));
        const gone = goneOf
          .all(id)
          .flatMap(([lo, hi, cause]) =>
            difference([[lo, hi]], received).map(([from, to]) => [from, to, cause] as const),
          );
        return { stream, gateway, received, gone, covered: normalized(coveredOf.all(id)) };
      }),
  );

  return {
    streams: books.deferred(),
    timesOf(wanted, sinceAt) {
      const found = new Map<string, Map<number, number>>();
      if (wanted.size === 0) return found;
      const rows = database
        .prepare<[number, number], [string, number, number]>(
          `SELECT streams.stream, seq, at FROM all_readings JOIN streams ON streams.id = all_readings.stream
           WHERE series = ? AND at >= ?`,
        )
        .raw();
      const series = database.prepare<[], number>('SELECT id FROM series').pluck().all();
      for (const id of series) {
        for (const [stream, seq, at] of rows.iterate(id, sinceAt)) {
          if (wanted.get(stream)?.has(seq) !== true) continue;
          const times = found.get(stream) ?? new Map<number, number>();
          times.set(seq, at);
          found.set(stream, times);
        }
      }
      return found;
    },
    pausesOf: preparePauses(database),
    close: () => database.close(),
  };
}
