/**
 * Rows as the text of a `BatchRequest`. Each row is read as numbers, held against its checksum, and only then
 * written down: a row that the disk has changed, or lost, is never sent, and is named instead
 * (docs/decisions/0005-prepared-statements-for-the-hot-path.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { ThinnedTuple } from '../batch.ts';
import type { Thinned } from '../reading.ts';
import { countOf, normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { OutgoingBatch } from './outbox.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import { parseThinned } from './thinned-text.ts';

export interface BatchTextOptions {
  readonly gateway: string;
  readonly series: SeriesTable;
  readonly checksum: RowChecksum;
}

/** Either the batch of exactly the rows that were asked for, or those of them that are not as they were accepted. */
export type MadeBatch = { readonly batch: OutgoingBatch } | { readonly corrupt: SeqRanges };

/** All rows must belong to `stream`. */
export type BatchText = (stream: string, seqs: SeqRanges) => MadeBatch;

type Row = [
  seq: number,
  series: number,
  at: number,
  value: number,
  flags: number,
  monoMs: number,
  crc: number,
  thinned: string | null,
];

export function prepareBatchText(
  database: SqliteDatabase,
  { gateway, series, checksum }: BatchTextOptions,
): BatchText {
  // Arrays, because objects with names cost a third more.
  const rowsWithin = database
    .prepare<[number, number], Row>(
      'SELECT seq, series, at, value, flags, mono_ms, crc, thinned FROM readings WHERE seq BETWEEN ? AND ?',
    )
    .raw();

  function isIntact(stream: string, [seq, id, at, value, flags, monoMs, crc, thinned]: Row): boolean {
    const start = series.checksumStart(stream, id);
    return start !== undefined && checksum.of(start, { seq, at, value, flags, monoMs }, thinned) === crc;
  }

  return (stream, seqs) => {
    const rows = seqs.flatMap(([lo, hi]) => rowsWithin.all(lo, hi));
    const corrupt = rows.filter((row) => !isIntact(stream, row)).map(([seq]): SeqRange => [seq, seq]);
    if (rows.length !== countOf(seqs)) corrupt.push(...missing(seqs, rows));
    if (corrupt.length > 0) return { corrupt: normalized(corrupt) };

    const ids = [...new Set(rows.map(([, id]) => id))].sort((a, b) => a - b);
    const positions = new Map(ids.map((id, position) => [id, position]));
    let oldestAt = Number.POSITIVE_INFINITY;
    let newestAt = Number.NEGATIVE_INFINITY;
    const sources = createList();
    const readings = rows.map(([seq, id, at, value, flags, , , thinned]) => {
      if (at < oldestAt) oldestAt = at;
      if (at > newestAt) newestAt = at;
      const index = positions.get(id);
      if (thinned !== null) return [seq, index, at, value, flags, tupleOf(parseThinned(thinned), sources)];
      return flags === 0 ? [seq, index, at, value] : [seq, index, at, value, flags];
    });
    const head = `{"gateway":${JSON.stringify(gateway)},"stream":${JSON.stringify(stream)},"series":[${ids.map(series.jsonOf).join()}]`;
    // A number in JSON is its shortest text that gives the same double back.
    const tail = sources.all.length === 0 ? '' : `,"sources":${JSON.stringify(sources.all)}`;
    const body = `${head},"readings":${JSON.stringify(readings)}${tail}}`;
    return { batch: { stream, seqs, rows: rows.length, body, oldestAt, newestAt } };
  };
}

/** Things by their place in a list that grows as they are met. */
interface List {
  readonly all: readonly string[];
  indexOf(thing: string): number;
}

function createList(): List {
  const places = new Map<string, number>();
  const all: string[] = [];
  return {
    all,
    indexOf(thing) {
      const known = places.get(thing);
      if (known !== undefined) return known;
      places.set(thing, all.length);
      return all.push(thing) - 1;
    },
  };
}

function tupleOf(thinned: Thinned, sources: List): ThinnedTuple {
  const { count, min, max, first, last, spanMs, source, lo, hi } = thinned;
  return [count, min, max, first, last, spanMs, sources.indexOf(source), lo, hi];
}

/** The seqs that were asked for and have no row. */
function missing(seqs: SeqRanges, rows: readonly Row[]): SeqRange[] {
  const found = new Set(rows.map(([seq]) => seq));
  const gone: SeqRange[] = [];
  for (const [lo, hi] of seqs) {
    for (let seq = lo; seq <= hi; seq += 1) if (!found.has(seq)) gone.push([seq, seq]);
  }
  return gone;
}
