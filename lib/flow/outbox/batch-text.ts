/**
 * Rows as the text of a `BatchRequest`, built inside SQLite: no row ever becomes a JavaScript object on
 * its way to the wire (docs/decisions/0005-prepared-statements-for-the-hot-path.md).
 */

import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { countOf, formatRanges, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import type { OutgoingBatch } from './outbox.ts';
import type { SeriesTable } from './series.ts';

export interface BatchTextOptions {
  readonly gateway: string;
  readonly series: SeriesTable;
}

/** Makes the batch of exactly these rows, which must all exist and belong to `stream`. */
export type BatchText = (stream: string, seqs: SeqRanges) => OutgoingBatch;

interface RowsText {
  readonly rows: number;
  readonly oldestAt: number;
  readonly newestAt: number;
  readonly text: string;
}

/**
 * `%!.17g` gives every double back (300,000 of 300,000 random ones); `json_array` prints
 * 15 digits and changes 94 % of random ones. CROSS JOIN keeps the planner from walking `wire_series`
 * first and looking through all rows for each.
 */
const ROWS_TEXT_SQL = `
  SELECT count(*) AS rows, min(at) AS oldestAt, max(at) AS newestAt,
    group_concat(
      printf('%d,%d,%d,%!.17g', seq, position, at, value) || CASE flags WHEN 0 THEN '' ELSE ',' || flags END,
      '],['
    ) AS text
  FROM readings CROSS JOIN temp.wire_series USING (series)
  WHERE seq BETWEEN ? AND ?`;

export function prepareBatchText(database: SqliteDatabase, { gateway, series }: BatchTextOptions): BatchText {
  database.exec(
    'CREATE TEMP TABLE wire_series (series INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT',
  );
  const rowsText = database.prepare<[number, number], RowsText>(ROWS_TEXT_SQL);
  const seriesWithin = database
    .prepare<[number, number], number>('SELECT DISTINCT series FROM readings WHERE seq BETWEEN ? AND ?')
    .pluck();
  const clear = database.prepare('DELETE FROM temp.wire_series');
  const place = database.prepare<[number, number]>('INSERT INTO temp.wire_series VALUES (?, ?)');

  // Batches of one gateway mostly speak of the same series: the table is rewritten only when they change.
  let placed = '';
  const placeAll = database.transaction((ids: readonly number[]) => {
    clear.run();
    for (const [position, id] of ids.entries()) place.run(id, position);
  });

  function seriesText(seqs: SeqRanges): string {
    const found = new Set(seqs.flatMap(([lo, hi]) => seriesWithin.all(lo, hi)));
    const ids = [...found].sort((a, b) => a - b);
    const key = ids.join();
    if (key !== placed) {
      placed = '';
      placeAll(ids);
      placed = key;
    }
    return ids.map(series.jsonOf).join();
  }

  return (stream, seqs) => {
    const head = `{"gateway":${JSON.stringify(gateway)},"stream":${JSON.stringify(stream)},"series":[${seriesText(seqs)}]`;
    const parts = seqs.map((range) => completeRows(range, rowsText.get(...range)));
    const body = `${head},"readings":[[${parts.map((part) => part.text).join('],[')}]]}`;
    return {
      stream,
      seqs,
      rows: countOf(seqs),
      body,
      oldestAt: Math.min(...parts.map((part) => part.oldestAt)),
      newestAt: Math.max(...parts.map((part) => part.newestAt)),
    };
  };
}

/** A row that is missing here was never acknowledged and is not there: the file has been damaged. */
function completeRows(range: SeqRange, found: RowsText | undefined): RowsText {
  if (found !== undefined && found.rows === countOf([range])) return found;
  throw new GatewayError(
    'SGW_INTERNAL',
    `the outbox has only ${found?.rows ?? 0} of the rows ${formatRanges([range])}`,
    { hint: 'The file is damaged. Keep a copy of it; its other rows can still be read.' },
  );
}
