/**
 * Thinning: a stretch of the oldest rows of a tier becomes fewer rows of the next one, so that an outage of any
 * length stays covered while its resolution fades. The rows leave for the ledger as `thinned`, and what stands
 * for them waits for the same destinations, all in the commit at hand. What a row stands for is `aggregates.ts`.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { FlowEvent } from '../flow-event.ts';
import {
  contains,
  countOf,
  difference,
  normalized,
  rangesOfSeqs,
  type SeqRange,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type Aggregate, bucketOf, joined, partsOf, type StretchRow } from './aggregates.ts';
import { CHECKED_COLUMNS, type CheckedRow, createRowCheck } from './checked-row.ts';
import type { ClockBook } from './clock-book.ts';
import type { Extent } from './extents.ts';
import type { GivingUp } from './giving-up.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import type { Stream, Streams } from './streams.ts';
import { parseThinned, thinnedText } from './thinned-text.ts';
import { isWorthIt, RAW, TIERS, type Tier } from './tiers.ts';
import type { UntrustedRows } from './untrusted.ts';

export interface ThinningDeps {
  readonly database: SqliteDatabase;
  readonly destinations: readonly string[];
  readonly acknowledgements: Pick<Acknowledgements, 'of'>;
  readonly streams: Pick<Streams, 'of' | 'openIn' | 'advance' | 'split'>;
  readonly series: Pick<SeriesTable, 'checksumStart'>;
  readonly checksum: Pick<RowChecksum, 'of'>;
  readonly givingUp: Pick<GivingUp, 'giveUp' | 'giveUpFor'>;
  readonly clockBook: Pick<ClockBook, 'boot'> & { readonly untrusted: Pick<UntrustedRows, 'note'> };
  /** At most so many rows in one transaction. */
  readonly rowsMax: number;
}

type ThinEvent = Extract<FlowEvent, { type: 'reading.thinned' | 'outbox.corrupted' }>;

export interface Thinning {
  /**
   * Thins the oldest rows of a tier, about as many as free `bytes`, into the first tier in which they take much
   * less room. `undefined`: there is no such tier, and nothing has been done. Inside a transaction.
   */
  step(extent: Extent, bytes: number): readonly ThinEvent[] | undefined;
}

/** Fewer may happen to be the end of one bucket and the beginning of another, which says nothing about the rest. */
const ROWS_TO_JUDGE = 1_000;

type Row = readonly [...CheckedRow, boot: number];

const COLUMNS = `${CHECKED_COLUMNS}, boot`;
const SELECT_SQL = `SELECT ${COLUMNS} FROM readings WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`;
const INSERT_SQL = `INSERT INTO readings (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export function prepareThinning(deps: ThinningDeps): Thinning {
  const { database, destinations, acknowledgements, streams, series, checksum, givingUp, clockBook } = deps;
  const select = database.prepare<[number, number, number], Row>(SELECT_SQL).raw();
  const insert = database.prepare<[...Row]>(INSERT_SQL);
  const isIntact = createRowCheck(series, checksum);

  /** Rows of a tier, each with whom it has still to reach. */
  function judged(rows: readonly Row[], tier: Tier): StretchRow[] {
    const whole: SeqRanges = [[rows[0]?.[0] ?? 0, rows.at(-1)?.[0] ?? -1]];
    const lackedBy = destinations.map((name) => difference(whole, acknowledgements.of(name)));
    let stream: Stream | undefined;
    return rows.map((row) => {
      const [seq, id, at, value, flags, monoMs, , text, boot] = row;
      if (stream === undefined || seq >= stream.nextSeq) stream = streams.of(seq);
      const intact = isIntact(stream.id, row) && (text === null) === (tier === RAW);
      const lacking = lackedBy.reduce((bits, seqs, i) => (contains(seqs, seq) ? bits + 2 ** i : bits), 0);
      const thinned = intact && text !== null ? parseThinned(text) : undefined;
      return { seq, series: id, at, value, flags, monoMs, boot, thinned, stream: stream.id, lacking, intact };
    });
  }

  /** What somebody lacks of a stretch, and is not there as it was accepted. */
  function corruptIn(stretch: readonly StretchRow[], whole: SeqRange): SeqRanges {
    const lacked = destinations.reduce<SeqRanges>(
      (all, name) => union(all, difference([whole], acknowledgements.of(name))),
      [],
    );
    const good = rangesOfSeqs(stretch.filter((row) => row.intact).map((row) => row.seq));
    return difference(lacked, good);
  }

  function write(aggregates: readonly Aggregate[], target: Tier): void {
    if (aggregates.length === 0) return;
    const stream = streams.openIn(target);
    const hasAlready = destinations.map((): SeqRange[] => []);
    let seq = stream.nextSeq;
    for (const { series: id, at, mean, flags, monoMs, boot, thinned, lacking } of aggregates) {
      const text = thinnedText(thinned);
      const start = series.checksumStart(stream.id, id) ?? 0;
      const crc = checksum.of(start, { seq, at, value: mean, flags, monoMs }, text);
      insert.run(seq, id, at, mean, flags, monoMs, crc, text, boot);
      // Only of this boot can a time still be mended.
      if (boot === clockBook.boot()) clockBook.untrusted.note(seq, { at, monoMs, flags });
      for (const [i, seqs] of hasAlready.entries()) {
        if (Math.floor(lacking / 2 ** i) % 2 === 0) seqs.push([seq, seq]);
      }
      seq += 1;
    }
    streams.advance(stream, seq);
    // Who has the readings themselves needs nothing that stands for them.
    for (const [i, destination] of destinations.entries()) {
      givingUp.giveUpFor(destination, normalized(hasAlready[i] ?? []), 'thinned');
    }
  }

  function replace(
    stretch: readonly StretchRow[],
    aggregates: readonly Aggregate[],
    target: Tier,
  ): ThinEvent[] {
    const whole: SeqRange = [stretch[0]?.seq ?? 0, stretch.at(-1)?.seq ?? -1];
    const corrupt = corruptIn(stretch, whole);
    const given = givingUp.giveUp(difference([whole], corrupt), 'thinned');
    givingUp.giveUp(corrupt, 'corrupt');
    write(aggregates, target);
    return [
      ...streams.split(corrupt).map((part): ThinEvent => ({ type: 'outbox.corrupted', ...part })),
      ...streams.split(given).map(({ stream, seqs }): ThinEvent => {
        const [lo, hi] = [seqs[0]?.[0] ?? 0, seqs.at(-1)?.[1] ?? 0];
        const into = aggregates.filter((one) => one.stream === stream).length;
        return { type: 'reading.thinned', stream, lo, hi, rows: countOf(seqs), into, tier: target.name };
      }),
    ];
  }

  return {
    step({ tier, firstSeq, nextSeq }, bytes) {
      const rows = select.all(firstSeq, nextSeq - 1, deps.rowsMax);
      const wanted = Math.max(ROWS_TO_JUDGE, Math.ceil((2 * bytes) / tier.rowBytes));
      for (const target of TIERS.slice(TIERS.indexOf(tier) + 1)) {
        // Most of the work: not for rows that stay.
        const stretch = judged(rows.slice(0, cutOf(rows, wanted, target.bucketMs)), tier);
        const parts = partsOf(stretch);
        const aggregates = joined(parts, target.bucketMs);
        if (isWorthIt(parts.length, tier, aggregates.length, target))
          return replace(stretch, aggregates, target);
      }
      return undefined;
    },
  };
}

/** How many rows to take: at least `wanted`, to where a bucket of time ends, so that it need not become two rows. */
function cutOf(rows: readonly Row[], wanted: number, bucketMs: number): number {
  let last = rows.length;
  for (let i = 1; i < rows.length; i += 1) {
    const [before, at] = [rows[i - 1]?.[2], rows[i]?.[2]];
    if (before === undefined || at === undefined) break;
    if (bucketOf(before, bucketMs) === bucketOf(at, bucketMs)) continue;
    last = i;
    if (i >= wanted) break;
  }
  return last;
}
