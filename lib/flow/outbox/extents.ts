/** From where to where the rows of each tier reach: read once when a file is opened, then kept in memory. */

import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { SeqRange, SeqRanges } from '../seq-ranges.ts';
import { RAW, startOf, TIERS, type Tier } from './tiers.ts';

export interface Extent {
  readonly tier: Tier;
  /** The first row's seq; `nextSeq` if there is none. */
  readonly firstSeq: number;
  /** The next one to be assigned. */
  readonly nextSeq: number;
}

/** One for each tier. Throws `SGW_INTERNAL` if the rows and the streams contradict each other. */
export function readExtents(database: SqliteDatabase): readonly Extent[] {
  const assigned = database
    .prepare<[number, number], number | null>(
      'SELECT max(next_seq) FROM streams WHERE first_seq BETWEEN ? AND ?',
    )
    .pluck();
  const rows = database
    .prepare<{ lo: number; hi: number }, [number | null, number | null]>(
      `SELECT (SELECT min(seq) FROM readings WHERE seq BETWEEN :lo AND :hi),
        (SELECT max(seq) FROM readings WHERE seq BETWEEN :lo AND :hi)`,
    )
    .raw();
  const rawNext = assigned.get(...RAW.space) ?? RAW.space[0];
  return TIERS.map((tier) => {
    const [lo, hi] = tier.space;
    const nextSeq = Math.max(assigned.get(lo, hi) ?? 0, tier === RAW ? rawNext : startOf(tier, rawNext));
    const [first, last] = rows.get({ lo, hi }) ?? [null, null];
    if (last !== null && last >= nextSeq) throw contradiction(database.name, last, nextSeq);
    return { tier, firstSeq: first ?? nextSeq, nextSeq };
  });
}

function contradiction(file: string, last: number, nextSeq: number): GatewayError {
  return new GatewayError(
    'SGW_INTERNAL',
    `${file} has a row ${last}, but the next seq to assign is ${nextSeq}`,
    { hint: 'The file is damaged. Move it and its -wal and -shm away together; keep them for salvage.' },
  );
}

/** From the first row to the last, in each tier that has rows. */
export function presentIn(extents: readonly Extent[]): SeqRanges {
  return extents
    .filter(({ firstSeq, nextSeq }) => nextSeq > firstSeq)
    .map(({ firstSeq, nextSeq }): SeqRange => [firstSeq, nextSeq - 1]);
}

/** Everything that may ever have been assigned. */
export function assignedIn(extents: readonly Extent[]): SeqRanges {
  return extents
    .filter(({ tier, nextSeq }) => nextSeq > tier.space[0])
    .map(({ tier, nextSeq }): SeqRange => [tier.space[0], nextSeq - 1]);
}

/** What lies below the first row of each tier. */
export function below(extents: readonly Extent[]): SeqRanges {
  return extents
    .filter(({ tier, firstSeq }) => firstSeq > tier.space[0])
    .map(({ tier, firstSeq }): SeqRange => [tier.space[0], firstSeq - 1]);
}
