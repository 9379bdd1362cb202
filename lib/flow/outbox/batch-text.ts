/**
 * Rows as the text of a `BatchRequest`. Each row is read as numbers, held against its checksum, and only then
 * written down: a row that the disk has changed, or lost, is never sent, and is named instead
 * (docs/decisions/0005-prepared-statements-for-the-hot-path.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { countOf, normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { type CheckedRow, createRowCheck, prepareCheckedRows } from './checked-row.ts';
import type { OutgoingBatch } from './outbox.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import { tupleText } from './thinned-text.ts';

export interface BatchTextOptions {
  readonly gateway: string;
  readonly series: SeriesTable;
  readonly checksum: RowChecksum;
}

/** Either the batch of exactly the rows that were asked for, or those of them that are not as they were accepted. */
export type MadeBatch = { readonly batch: OutgoingBatch } | { readonly corrupt: SeqRanges };

/** All rows must belong to `stream`. */
export type BatchText = (stream: string, seqs: SeqRanges) => MadeBatch;

export function prepareBatchText(
  database: SqliteDatabase,
  { gateway, series, checksum }: BatchTextOptions,
): BatchText {
  const checkedRows = prepareCheckedRows(database, createRowCheck(series, checksum));

  return (stream, seqs) => {
    const { rows, corrupt } = checkedRows(stream, seqs);
    const absent = rows.length === countOf(seqs) ? [] : missing(seqs, rows);
    if (corrupt.length + absent.length > 0) return { corrupt: normalized([...corrupt, ...absent]) };

    const ids = [...new Set(rows.map(([, id]) => id))].sort((a, b) => a - b);
    const positions = new Map(ids.map((id, position) => [id, position]));
    let oldestAt = Number.POSITIVE_INFINITY;
    let newestAt = Number.NEGATIVE_INFINITY;
    for (const [, , at] of rows) {
      if (at < oldestAt) oldestAt = at;
      if (at > newestAt) newestAt = at;
    }
    const sources = createList();
    const readings = readingsText(rows, positions, sources);
    const head = `{"gateway":${JSON.stringify(gateway)},"stream":${JSON.stringify(stream)},"series":[${ids.map(series.jsonOf).join()}]`;
    const tail = sources.all.length === 0 ? '' : `,"sources":${JSON.stringify(sources.all)}`;
    const body = `${head},"readings":${readings}${tail}}`;
    return { batch: { stream, seqs, rows: rows.length, body, oldestAt, newestAt } };
  };
}

/** The rows as they stand on the wire: series and sources by their places. */
function readingsText(
  rows: readonly CheckedRow[],
  positions: ReadonlyMap<number, number>,
  sources: List,
): string {
  const plain = ([seq, id, at, value, flags]: CheckedRow) =>
    flags === 0 ? [seq, positions.get(id), at, value] : [seq, positions.get(id), at, value, flags];
  // A number in JSON is its shortest text that gives the same double back. Arrays at once: half as much again row by row.
  if (rows.every((row) => row[7] === null)) return JSON.stringify(rows.map(plain));
  const texts = rows.map((row) => {
    const [seq, id, at, value, flags, , , thinned] = row;
    if (thinned === null) return JSON.stringify(plain(row));
    return `[${seq},${positions.get(id)},${at},${value},${flags},${tupleText(thinned, sources.indexOf)}]`;
  });
  return `[${texts.join()}]`;
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

/** The seqs that were asked for and have no row. */
function missing(seqs: SeqRanges, rows: readonly CheckedRow[]): SeqRange[] {
  const found = new Set(rows.map(([seq]) => seq));
  const gone: SeqRange[] = [];
  for (const [lo, hi] of seqs) {
    for (let seq = lo; seq <= hi; seq += 1) if (!found.has(seq)) gone.push([seq, seq]);
  }
  return gone;
}
