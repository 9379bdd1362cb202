/**
 * What a store has of the readings that a thinned one stands for, and what of it is new. Looked for by time, as
 * readings are: over the stretch that the thinned reading spans, and where corrections have moved, or will move, its
 * readings.
 */

import type { Correction } from '../../batch.ts';
import type { Thinned } from '../../reading.ts';
import { difference, type SeqRanges } from '../../seq-ranges.ts';
import { numbers, type Sql } from './connections.ts';

/** A reading on its way into the store, with the names in it resolved. */
export interface NewReading {
  readonly series: number;
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
  readonly thinned?: ThinnedRow;
}

/** What it stands for, the source by its id. */
export interface ThinnedRow extends Omit<Thinned, 'source'> {
  readonly source: number;
}

interface HeldReading {
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  /** How many readings it is. */
  readonly count: number;
}

export interface ThinnedLook {
  readonly series: number;
  readonly at: number;
  /** Of all that it stands for. */
  readonly mean: number;
  readonly stands: ThinnedRow;
  /** Seqs of its source that the store has in any form, at least those of its own range. */
  readonly there: SeqRanges;
  /** Of its source. */
  readonly corrections: readonly Correction[];
  /** On their way into the store in the same transaction. */
  readonly pending: readonly NewReading[];
}

/** How many of its readings are new, and their mean; `undefined`: the store has all of them. */
export async function restOf(
  sql: Sql,
  look: ThinnedLook,
): Promise<{ readonly count: number; readonly mean: number } | undefined> {
  const { mean, there, stands } = look;
  const { lo, hi, count, min, max } = stands;
  const seqs: SeqRanges = [[lo, hi]];
  const lacking = difference(seqs, there);
  if (lacking.length === 0) return undefined;
  // Most thinned readings come from an outage, of which the store has nothing.
  if (difference(seqs, lacking).length === 0) return { count, mean };
  const held = await heldOf(sql, look);
  const left = held.reduce((rest, one) => rest - one.count, count);
  if (left <= 0) return undefined;
  const shift = held.reduce((sum, one) => sum + (one.count / left) * (mean - one.value), 0);
  // Rounding must not carry a mean past what it is the mean of, nor huge values past what a double holds.
  const kept = Number.isFinite(mean + shift) ? mean + shift : mean;
  return { count: left, mean: Math.min(max, Math.max(min, kept)) };
}

/** What of it the store has, and what of it is on its way, each once; no more than it stands for. */
async function heldOf(
  sql: Sql,
  { series, at, stands, corrections, pending }: ThinnedLook,
): Promise<HeldReading[]> {
  const { source, lo, hi, spanMs } = stands;
  // Readings whose times are mended here, too, may not have been moved yet.
  const about = corrections.filter((one) => one[0] <= hi && one[1] >= lo);
  const fromAts = [...new Set([0, ...about.map(([, , offsetMs]) => offsetMs)])].map((offset) => at - offset);
  const stored = await sql.rows<HeldReading>(
    `SELECT stream, seq, value, coalesce((thinned).count, 1) AS count
     FROM unnest($1::bigint[]) WITH ORDINALITY AS span (from_at, place)
     JOIN sensorgw.readings ON series = $2 AND at BETWEEN span.from_at AND span.from_at + $3::bigint
     WHERE CASE WHEN thinned IS NULL THEN stream = $4 AND seq BETWEEN $5::bigint AND $6::bigint
                ELSE (thinned).source = $4 AND (thinned).lo >= $5::bigint AND (thinned).hi <= $6::bigint END
     ORDER BY span.place, at, stream, seq`,
    [numbers(fromAts), series, spanMs, source, lo, hi],
  );
  const isAbout = (one: NewReading) =>
    one.series === series &&
    fromAts.some((fromAt) => fromAt <= one.at && one.at <= fromAt + spanMs) &&
    (one.thinned === undefined
      ? one.stream === source && lo <= one.seq && one.seq <= hi
      : one.thinned.source === source && one.thinned.lo >= lo && one.thinned.hi <= hi);
  const waiting = pending.filter(isAbout).map(({ stream, seq, value, thinned }) => ({
    stream,
    seq,
    value,
    count: thinned?.count ?? 1,
  }));

  const held = new Map<string, HeldReading>();
  let readings = 0;
  for (const one of [...stored, ...waiting]) {
    const name = `${one.stream} ${one.seq}`;
    if (held.has(name)) continue;
    held.set(name, one);
    readings += one.count;
    if (readings >= stands.count) break;
  }
  return [...held.values()];
}
