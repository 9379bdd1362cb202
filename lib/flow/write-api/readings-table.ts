/**
 * Where the readings of a batch come to rest. A plain one is one INSERT. One that is marked takes a closer look:
 * a thinned one may stand for readings that are there already, a plain one may be part of a thinned one, and
 * one with an untrusted time may have been corrected before it came.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { ThinnedTuple } from '../batch.ts';
import { FLAG } from '../reading.ts';
import { contains, countOf, type SeqRanges } from '../seq-ranges.ts';
import type { CorrectionsTable } from './corrections-table.ts';
import type { RangeTable } from './range-table.ts';
import type { IncomingBatch } from './readings-store.ts';
import type { StreamsTable } from './streams-table.ts';
import { createThinnedTable } from './thinned-table.ts';

/** A batch with the names in it resolved. */
export interface ResolvedBatch extends Pick<IncomingBatch, 'gateway' | 'rows' | 'sources'> {
  readonly stream: number;
  /** Added to each seq. */
  readonly shift: number;
  /** Series ids by index; `undefined`: refused. */
  readonly ids: readonly (number | undefined)[];
}

export interface ReadingsTable {
  /** Stores the readings of these seqs. Gives back the seqs of those that are there already in another form. */
  add(batch: ResolvedBatch, fresh: SeqRanges): number[];
}

interface MarkedRow {
  readonly series: number;
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

export function createReadingsTable(
  database: SqliteDatabase,
  deps: {
    readonly received: RangeTable<[stream: number]>;
    readonly streams: StreamsTable;
    readonly corrections: CorrectionsTable;
  },
): ReadingsTable {
  const { received, streams, corrections } = deps;
  const thinned = createThinnedTable(database, { received, offsetsOf: corrections.offsetsOf });
  // One row a call: fifty a call, alternated with this over 400 batches of 1000, were no faster (4.3 ms
  // both), and one statement over json_each was slower. The time is in the clustered table itself.
  const insert = database.prepare<[number, number, number, number, number, number]>(
    'INSERT INTO readings (series, at, stream, seq, value, flags) VALUES (?, ?, ?, ?, ?, ?)',
  );

  /** `false`: it is there already in another form. */
  function addMarked(
    row: MarkedRow,
    stands: ThinnedTuple | undefined,
    sourceOf: (index: number) => number,
  ): boolean {
    const { series, stream, seq } = row;
    const untrusted = (row.flags & FLAG.clockUntrusted) !== 0;
    const offset = untrusted ? corrections.offsetFor(stream, seq, row.at) : undefined;
    const at = row.at + (offset ?? 0);
    const flags = offset === undefined ? row.flags : row.flags & ~FLAG.clockUntrusted;
    if (stands === undefined) {
      if (thinned.covers(stream, series, seq)) return false;
      insert.run(series, at, stream, seq, row.value, flags);
      return true;
    }
    const [count, min, max, first, last, spanMs, sourceIndex, lo, hi] = stands;
    const source = sourceOf(sourceIndex);
    const detail = { count, min, max, first, last, spanMs, source, lo, hi };
    const rest = thinned.add({ stream, seq, series, at, mean: row.value, ...detail });
    if (rest === undefined) return false;
    insert.run(series, at, stream, seq, rest.mean, flags);
    return true;
  }

  return {
    add({ gateway, rows, sources, stream, shift, ids }, fresh) {
      const all = countOf(fresh) === rows.length;
      const thinnedUpTo = thinned.topOf(stream, ids);
      const sourceIds = new Map<number, number>();
      const sourceOf = (index: number) => {
        const id = sourceIds.get(index) ?? streams.idOf(sources[index] ?? '', gateway);
        sourceIds.set(index, id);
        return id;
      };
      const there: number[] = [];
      for (const [unshifted, index, at, value, flags = 0, stands] of rows) {
        const series = ids[index];
        const seq = unshifted + shift;
        if (series === undefined || !(all || contains(fresh, seq))) continue;
        if (flags === 0 && seq > thinnedUpTo) insert.run(series, at, stream, seq, value, 0);
        else if (!addMarked({ series, at, stream, seq, value, flags }, stands, sourceOf)) there.push(seq);
      }
      return there;
    },
  };
}
