/**
 * Who has each reading that was accepted: the promise, asked after each event. A reading is in the outbox, or in the
 * store of a destination, or named there or here as never to come; a value is stored once, and as it was measured.
 */

import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import { RAW } from '../../lib/flow/outbox/tiers.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import {
  difference,
  formatRanges,
  NO_SEQS,
  normalized,
  type SeqRange,
  type SeqRanges,
  union,
} from '../../lib/flow/seq-ranges.ts';
import { BEGAN_AT } from './machine.ts';

export interface Custody {
  /** The outbox has said that it has these. */
  accepted(outbox: SqliteDatabase, stream: string, lo: number, hi: number): void;
  /** A copy of the outbox is made now; to be called when it has taken the place of what came after it. */
  copied(): () => void;
  /** Of stores that are not open nothing is said. */
  check(outbox: SqliteDatabase, stores: Stores): void;
  /** What each seq of a stream was worth when it was accepted. */
  valuesOf(stream: string): ReadonlyMap<number, number>;
  /** At the end: everything is in each store that is not named, once, with its value and its time. */
  audit(outbox: SqliteDatabase, stores: Stores): Audit;
}

export type Stores = ReadonlyMap<string, SqliteDatabase>;

export interface Audit {
  readonly accepted: number;
  readonly stored: number;
  readonly named: number;
}

export interface CustodyDeps {
  /** When a value was measured, in ms since the world began. */
  readonly measuredMs: (value: number) => number | undefined;
  readonly problem: (what: string) => void;
}

/** A clock that somebody vouches for is right to a second, and steps by what it was wrong. */
const TIME_TOLERANCE_MS = 2_000;

export function createCustody({ measuredMs, problem }: CustodyDeps): Custody {
  /** Of each stream, what each seq is worth. */
  const values = new Map<string, Map<number, number>>();
  const ranges = new Map<string, SeqRanges>();
  /** Not lost by us. */
  const excused = new Map<string, SeqRanges>();

  function lacking(
    stream: string,
    all: SeqRanges,
    outbox: SqliteDatabase,
    name: string,
    store: SqliteDatabase,
  ) {
    const there = union(receivedIn(store, stream), presentIn(outbox));
    const missing = difference(all, union(there, excused.get(stream) ?? NO_SEQS));
    return missing.length === 0 ? NO_SEQS : difference(missing, namedIn(outbox, name, stream));
  }

  function check(outbox: SqliteDatabase, stores: Stores): void {
    for (const [stream, all] of ranges) {
      for (const [name, store] of stores) {
        const missing = lacking(stream, all, outbox, name, store);
        if (missing.length === 0) continue;
        problem(`LOST for ${name}: ${formatRanges(missing)} of ${stream}`);
        excused.set(stream, union(excused.get(stream) ?? NO_SEQS, missing));
      }
    }
  }

  return {
    accepted(outbox, stream, lo, hi) {
      const known = values.get(stream) ?? new Map<number, number>();
      values.set(stream, known);
      for (const [seq, value] of rowsOf(outbox, lo, hi)) {
        if (known.has(seq)) problem(`seq ${seq} of ${stream} was given to two readings`);
        if (measuredMs(value) === undefined) problem(`${value} was accepted, and no sensor has given it`);
        known.set(seq, value);
      }
      if (known.size === 0 || !known.has(hi))
        problem(`accepted, and not in the file: ${lo}-${hi} of ${stream}`);
      ranges.set(stream, union(ranges.get(stream) ?? NO_SEQS, [[lo, hi]]));
    },
    copied() {
      const then = new Map(ranges);
      return () => {
        for (const [stream, all] of ranges) {
          const since = difference(all, then.get(stream) ?? NO_SEQS);
          excused.set(stream, union(excused.get(stream) ?? NO_SEQS, since));
        }
      };
    },
    check,
    valuesOf: (stream) => values.get(stream) ?? new Map(),
    audit(outbox, stores) {
      check(outbox, stores);
      let [stored, named, accepted] = [0, 0, 0];
      for (const [, known] of values) accepted += known.size;
      for (const [name, store] of stores) {
        const seen = new Map<number, string>();
        for (const row of storedIn(store)) {
          const who = `seq ${row.seq} of ${row.stream} in ${name}`;
          if ((row.flags & FLAG.thinned) !== 0) continue;
          stored += 1;
          const before = seen.get(row.value);
          if (before !== undefined) problem(`STORED TWICE: ${row.value} as ${before} and as ${who}`);
          seen.set(row.value, who);
          const was = values.get(row.stream)?.get(row.seq);
          if (was === undefined) problem(`stored, and never accepted: ${who}`);
          else if (was !== row.value) problem(`CHANGED from ${was} to ${row.value}: ${who}`);
          const atMs = measuredMs(row.value);
          const offMs = atMs === undefined ? 0 : row.at - BEGAN_AT - atMs;
          if ((row.flags & FLAG.clockUntrusted) === 0 && Math.abs(offMs) > TIME_TOLERANCE_MS)
            problem(`WRONG TIME, off by ${offMs} ms: ${who}`);
        }
        for (const [stream] of ranges) {
          named += namedIn(outbox, name, stream).reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0);
        }
      }
      return { accepted, stored, named };
    },
  };
}

/** Statements of one connection are prepared once: they are asked after each event. */
const prepared = new WeakMap<SqliteDatabase, Map<string, ReturnType<SqliteDatabase['prepare']>>>();

function ask(database: SqliteDatabase, sql: string, ...values: (string | number)[]): unknown[] {
  const known = prepared.get(database) ?? new Map();
  prepared.set(database, known);
  const statement = known.get(sql) ?? database.prepare(sql).raw();
  known.set(sql, statement);
  return statement.all(...values);
}

const RUNS = `SELECT min(seq), max(seq) FROM
  (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM readings WHERE seq <= ${RAW.space[1]}) GROUP BY run`;

function presentIn(outbox: SqliteDatabase): SeqRanges {
  const [extent] = ask(
    outbox,
    `SELECT min(seq), max(seq), count(*) FROM readings WHERE seq <= ${RAW.space[1]}`,
  ) as [number | null, number | null, number][];
  const [lo, hi, count] = extent ?? [null, null, 0];
  if (lo === null || hi === null) return NO_SEQS;
  return hi - lo + 1 === count ? [[lo, hi]] : normalized(ask(outbox, RUNS) as SeqRange[]);
}

/** What will never come, as far as the reader's file says. */
function namedIn(outbox: SqliteDatabase, destination: string, stream: string): SeqRanges {
  return normalized([
    ...(ask(
      outbox,
      'SELECT seq, seq FROM dead_letters WHERE stream = ? AND destination = ?',
      stream,
      destination,
    ) as SeqRange[]),
    ...(ask(
      outbox,
      'SELECT lo, hi FROM gone WHERE stream = ? AND coalesce(destination, ?) = ?',
      stream,
      destination,
      destination,
    ) as SeqRange[]),
  ]);
}

function receivedIn(store: SqliteDatabase, stream: string): SeqRanges {
  return normalized(
    ask(
      store,
      'SELECT lo, hi FROM received JOIN streams ON streams.id = received.stream WHERE streams.stream = ?',
      stream,
    ) as SeqRange[],
  );
}

function rowsOf(outbox: SqliteDatabase, lo: number, hi: number): [number, number][] {
  return ask(outbox, 'SELECT seq, value FROM readings WHERE seq BETWEEN ? AND ?', lo, hi) as [
    number,
    number,
  ][];
}

interface Stored {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
}

function storedIn(store: SqliteDatabase): Stored[] {
  return store
    .prepare<[], Stored>(
      `SELECT streams.stream AS stream, seq, at, value, flags FROM all_readings AS readings
       JOIN streams ON streams.id = readings.stream`,
    )
    .all();
}
