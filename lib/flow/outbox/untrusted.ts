/**
 * Which rows of this boot have times that nobody vouched for, as stretches of seqs that were stamped by the
 * same clock: the same difference between wall and monotonic time. Nearly always that is one stretch; each
 * jump of the clock begins another. It outlives its rows, because those that were sent must be corrected.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { FLAG, type Reading } from '../reading.ts';
import { contains, difference, normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { type Book, createMirror } from './mirror.ts';

export interface Stretch {
  readonly lo: number;
  readonly hi: number;
  /** `at` minus `monoMs` of each reading. */
  readonly offsetMs: number;
  /** The earliest and the latest `at`. */
  readonly fromAt: number;
  readonly toAt: number;
}

export interface UntrustedRows extends Book {
  stretches(): readonly Stretch[];
  seqs(): SeqRanges;
  /** Monotonic time of the first of these readings; `undefined` if there are none. */
  sinceMono(): number | undefined;
  /** Notes a row that has been inserted, if its time is untrusted. Inside a transaction. */
  note(seq: number, reading: Pick<Reading, 'at' | 'monoMs' | 'flags'>): void;
  /** Those of these seqs are trusted now. */
  cut(seqs: SeqRange): void;
  clear(): void;
}

/**
 * A clock that jumps with every reading would have one for each. The oldest are forgotten then: their rows keep
 * the mark and the time they have.
 */
const STRETCHES_MAX = 1_000;

export function isUntrusted({ flags }: Pick<Reading, 'flags'>): boolean {
  return (flags & FLAG.clockUntrusted) !== 0;
}

export function openUntrustedRows(database: SqliteDatabase): UntrustedRows {
  const select = database.prepare<[], Stretch>(
    'SELECT lo, hi, offset_ms AS offsetMs, from_at AS fromAt, to_at AS toAt FROM untrusted ORDER BY lo',
  );
  const put = database.prepare<[number, number, number, number, number]>(
    'INSERT OR REPLACE INTO untrusted (lo, hi, offset_ms, from_at, to_at) VALUES (?, ?, ?, ?, ?)',
  );
  const drop = database.prepare<[number]>('DELETE FROM untrusted WHERE lo = ?');
  const mirror = createMirror<Stretch>(select.all(), {
    keyOf: ({ lo }) => lo,
    put: ({ lo, hi, offsetMs, fromAt, toAt }) => put.run(lo, hi, offsetMs, fromAt, toAt),
    drop: ({ lo }) => drop.run(lo),
  });
  const seqs = () => normalized(mirror.rows().map(({ lo, hi }): SeqRange => [lo, hi]));

  return {
    ...mirror,
    stretches: mirror.rows,
    seqs,
    sinceMono() {
      const rows = mirror.rows();
      if (rows.length === 0) return undefined;
      return Math.min(...rows.map(({ fromAt, offsetMs }) => fromAt - offsetMs));
    },
    note(seq, reading) {
      if (!isUntrusted(reading) || contains(seqs(), seq)) return;
      const { at } = reading;
      const offsetMs = at - reading.monoMs;
      const rows = mirror.rows();
      const before = rows.findLastIndex((one) => one.hi === seq - 1 && one.offsetMs === offsetMs);
      const known = rows[before];
      if (known === undefined) {
        const fresh = { lo: seq, hi: seq, offsetMs, fromAt: at, toAt: at };
        mirror.change([...rows, fresh].slice(-STRETCHES_MAX));
        return;
      }
      const [fromAt, toAt] = [Math.min(known.fromAt, at), Math.max(known.toAt, at)];
      mirror.change(rows.with(before, { ...known, hi: seq, fromAt, toAt }));
    },
    cut(range) {
      mirror.change(
        mirror
          .rows()
          .flatMap((one) => difference([[one.lo, one.hi]], [range]).map(([lo, hi]) => ({ ...one, lo, hi }))),
      );
    },
    clear() {
      if (mirror.rows().length > 0) mirror.change([]);
    },
  };
}
