/**
 * Readings that an outbox without room has thinned: at the end each store has rows that stand for all of them, but for
 * those that it had before. Counted, because what a row stands for has no name of its own any more; and each row says
 * of the readings that it stands for what they were.
 */

import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import { RAW } from '../../lib/flow/outbox/tiers.ts';
import { countOf, difference, normalized, type SeqRange } from '../../lib/flow/seq-ranges.ts';
import type { Custody, Stores } from './custody.ts';

type StreamRange = readonly [stream: string, lo: number, hi: number];

const [, RAW_TO] = RAW.space;
const THINNED = `SELECT stream, lo, hi FROM gone
  WHERE cause = 'thinned' AND hi <= ${RAW_TO} AND coalesce(destination, ?) = ?`;
/** Rows that stood for others and will not come: nobody can say any more for how many. */
const UNCOUNTED = `SELECT
  (SELECT count(*) FROM gone WHERE cause != 'thinned' AND hi > ${RAW_TO} AND coalesce(destination, ?) = ?)
  + (SELECT count(*) FROM dead_letters WHERE seq > ${RAW_TO} AND destination = ?)`;
const STANDS_FOR = `SELECT coalesce(sum(count), 0) FROM thinned
  JOIN streams ON streams.id = thinned.source WHERE streams.stream = ?`;
const RECEIVED = `SELECT lo, hi FROM received JOIN streams ON streams.id = received.stream
  WHERE streams.stream = ? AND hi <= ${RAW_TO}`;

interface ThinnedRow {
  readonly source: string;
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  readonly lo: number;
  readonly hi: number;
}

const ROWS = `SELECT sources.stream AS source, count, value AS mean, min, max, first, last, lo, hi FROM thinned
  JOIN all_readings AS readings ON readings.stream = thinned.stream AND readings.seq = thinned.seq
  JOIN streams AS sources ON sources.id = thinned.source`;

export interface ThinningRulesDeps {
  readonly outbox: SqliteDatabase;
  readonly stores: Stores;
  readonly valuesOf: Custody['valuesOf'];
  readonly problem: (what: string) => void;
}

export function checkThinning({ outbox, stores, valuesOf, problem }: ThinningRulesDeps): void {
  for (const [name, store] of stores) {
    for (const row of store.prepare<[], ThinnedRow>(ROWS).all())
      if (!isTrue(row, valuesOf(row.source)))
        problem(`THINNED: in ${name} a row does not say what it stands for: ${JSON.stringify(row)}`);
    if (Number(outbox.prepare(UNCOUNTED).pluck().get(name, name, name)) > 0) continue;
    const gone = outbox.prepare(THINNED).raw().all(name, name) as StreamRange[];
    for (const stream of new Set(gone.map(([of]) => of))) {
      const ranges = gone.filter(([of]) => of === stream);
      const thinned = normalized(ranges.map(([, lo, hi]): SeqRange => [lo, hi]));
      const received = normalized(store.prepare(RECEIVED).raw().all(stream) as SeqRange[]);
      const owed = countOf(difference(thinned, received));
      const standsFor = Number(store.prepare(STANDS_FOR).pluck().get(stream));
      if (standsFor < owed)
        problem(`THINNED: ${owed} readings of ${stream}, and ${name} has rows for ${standsFor} of them`);
    }
  }
}

/** A sensor's values rise in this world: its first is its least. What else lies in the stretch is of other series. */
function isTrue(
  { count, mean, min, max, first, last, lo, hi }: ThinnedRow,
  was: ReadonlyMap<number, number>,
) {
  const within = new Set<number>();
  for (let seq = lo; seq <= hi; seq += 1) {
    const value = was.get(seq);
    if (value !== undefined) within.add(value);
  }
  const isOrdered = first === min && last === max && min <= mean && mean <= max;
  return isOrdered && count <= within.size && within.has(min) && within.has(max);
}
