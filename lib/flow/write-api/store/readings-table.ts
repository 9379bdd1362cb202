/**
 * How the readings of a batch are stored. A plain one is one INSERT. One that is marked takes a closer look:
 * a thinned one may stand for readings that are there already, a plain one may be part of a thinned one, and
 * one with an untrusted time may have been corrected before it came.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { ThinnedTuple } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import { contains, countOf, type SeqRanges } from '../../seq-ranges.ts';
import { mendedTime } from '../mended-time.ts';
import type { IncomingBatch } from '../readings-store.ts';
import type { CorrectionsTable } from './corrections-table.ts';
import type { RangeTable } from './range-table.ts';
import type { RecentReadings } from './recent-readings.ts';
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
  readonly stands: ThinnedTuple | undefined;
}

/** What is asked of a batch only when one of its rows needs it. */
interface About {
  /** The highest seq of the stream that a thinned reading of these series stands for. */
  readonly thinnedUpTo: number;
  sourceOf(index: number): number;
}

export function createReadingsTable(
  database: SqliteDatabase,
  deps: {
    readonly received: RangeTable<[stream: number]>;
    readonly streams: StreamsTable;
    readonly corrections: CorrectionsTable;
    readonly recent: Pick<RecentReadings, 'putFor'>;
  },
): ReadingsTable {
  const { received, streams, corrections, recent } = deps;
  const thinned = createThinnedTable(database, { received, corrections });

  /** The value to store; `undefined`: it is there already in another form. */
  function newOf(row: MarkedRow, about: About): number | undefined {
    const { series, stream, seq, at, value, stands } = row;
    if (stands === undefined) {
      const isThere = seq <= about.thinnedUpTo && thinned.covers(stream, series, seq);
      return isThere ? undefined : value;
    }
    const [count, min, max, first, last, spanMs, sourceIndex, lo, hi] = stands;
    const detail = { count, min, max, first, last, spanMs, source: about.sourceOf(sourceIndex), lo, hi };
    return thinned.add({ stream, seq, series, at, mean: value, ...detail })?.mean;
  }

  return {
    add({ gateway, rows, sources, stream, shift, ids }, fresh) {
      const count = countOf(fresh);
      const all = count === rows.length;
      const putting = recent.putFor(count);
      const thinnedUpTo = thinned.topOf(stream, ids);
      const about: About = {
        thinnedUpTo,
        sourceOf: once((index) => streams.idOf(sources[index] ?? '', gateway)),
      };
      const correctionsOf = once((id) => corrections.of(id));
      const there: number[] = [];
      for (const row of rows) {
        // By index: taking a row apart costs as much as all else that is done for it here.
        const series = ids[row[1]];
        const seq = row[0] + shift;
        const at = row[2];
        const value = row[3];
        const flags = row[4] ?? 0;
        if (series === undefined || !(all || contains(fresh, seq))) continue;
        if (flags === 0 && seq > thinnedUpTo) {
          putting.put(series, at, stream, seq, value, 0);
          continue;
        }
        const stands = row[5];
        const untrusted = (flags & FLAG.clockUntrusted) !== 0;
        const timed = untrusted ? mendedTime({ seq, at, flags }, correctionsOf(stream)) : { at, flags };
        // What it stands for may have come with this batch.
        if (stands !== undefined) putting.flush();
        const kept = newOf({ series, stream, seq, value, stands, ...timed }, about);
        if (kept === undefined) there.push(seq);
        else putting.put(series, timed.at, stream, seq, kept, timed.flags);
      }
      putting.flush();
      return there;
    },
  };
}

/** Looks each thing up once. */
function once<T>(look: (key: number) => T): (key: number) => T {
  const found = new Map<number, T>();
  return (key) => {
    const held = found.get(key);
    if (held !== undefined) return held;
    const fresh = look(key);
    found.set(key, fresh);
    return fresh;
  };
}
