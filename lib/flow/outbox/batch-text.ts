/**
 * Rows as the text of a `BatchRequest`. Each row is read as numbers, held against its checksum, and only then
 * written down: a row that the disk has changed, or lost, is never sent, and is named instead
 * (docs/decisions/0005-prepared-statements-for-the-hot-path.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { countOf, normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { OutgoingBatch } from './outbox.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';

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
];

export function prepareBatchText(
  database: SqliteDatabase,
  { gateway, series, checksum }: BatchTextOptions,
): BatchText {
  // Arrays, because objects with names cost a third more.
  const rowsWithin = database
    .prepare<[number, number], Row>(
      'SELECT seq, series, at, value, flags, mono_ms, crc FROM readings WHERE seq BETWEEN ? AND ?',
    )
    .raw();

  function isIntact(stream: string, [seq, id, at, value, flags, monoMs, crc]: Row): boolean {
    const start = series.checksumStart(stream, id);
    return start !== undefined && checksum.of(start, { seq, at, value, flags, monoMs }) === crc;
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
    const readings = rows.map(([seq, id, at, value, flags]) => {
      if (at < oldestAt) oldestAt = at;
      if (at > newestAt) newestAt = at;
      const index = positions.get(id);
      return flags === 0 ? [seq, index, at, value] : [seq, index, at, value, flags];
    });
    const head = `{"gateway":${JSON.stringify(gateway)},"stream":${JSON.stringify(stream)},"series":[${ids.map(series.jsonOf).join()}]`;
    // A number in JSON is its shortest text that gives the same double back.
    const body = `${head},"readings":${JSON.stringify(readings)}}`;
    return { batch: { stream, seqs, rows: rows.length, body, oldestAt, newestAt } };
  };
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
