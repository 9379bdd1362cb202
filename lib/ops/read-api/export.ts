/**
 * All readings of a time as text, series by series and in each by time, a page at a time: neither the store nor we
 * hold more of it than a page, however slowly it is taken.
 */

import type { AskStore, ReadingRow, SeriesRow } from '../../flow/write-api/store/store-looks.ts';
import type { SeriesFilter } from './charted.ts';
import type { Span } from './stretches.ts';
import { readingsOf } from './summaries.ts';

/**
 * `csv`: names in the first line. `typed-csv`: names and types, for who makes Parquet of it. `ndjson`: an object a
 * line.
 */
export const EXPORT_FORMATS = ['csv', 'typed-csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const TIME_FORMS = ['iso', 'epoch'] as const;
export type TimeForm = (typeof TIME_FORMS)[number];

export interface ExportQuestion extends SeriesFilter, Span {
  readonly format: ExportFormat;
  readonly times: TimeForm;
}

export const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  'typed-csv': 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

const SERIES_A_LOOK = 500;

type Cell = string | number;

/** Name, type as Arrow and Parquet call it, and where it comes from. The time comes first, in either form. */
const COLUMNS: readonly (readonly [
  name: string,
  type: string,
  of: (row: ReadingRow, series: SeriesRow) => Cell,
])[] = [
  ['gateway', 'string', (_row, { gateway }) => gateway],
  ['sensor', 'string', (_row, { sensor }) => sensor],
  ['metric', 'string', (_row, { metric }) => metric],
  ['unit', 'string', (_row, { unit }) => unit],
  ['value', 'double', ({ value }) => value],
  ['flags', 'int32', ({ flags }) => flags],
  ['count', 'int64', ({ thinned }) => thinned?.count ?? 1],
  ['min', 'double', ({ value, thinned }) => thinned?.min ?? value],
  ['max', 'double', ({ value, thinned }) => thinned?.max ?? value],
  ['stream', 'string', ({ streamName }) => streamName],
  ['seq', 'int64', ({ seq }) => seq],
];

/** In chunks of some thousand lines. Names and units hold nothing that a CSV would have to quote. */
export async function* exported(ask: AskStore, question: ExportQuestion): AsyncGenerator<string> {
  const { format, times, fromAt, untilAt, ...filter } = question;
  const head = headOf(format, times);
  if (head !== undefined) yield head;
  let after: SeriesRow | undefined;
  do {
    const series: readonly SeriesRow[] = await ask('series', { ...filter, after, limit: SERIES_A_LOOK });
    for (const one of series) {
      for await (const rows of readingsOf(ask, one.id, { fromAt, untilAt })) {
        if (rows.length > 0) yield rows.map((row) => lineOf(format, times, row, one)).join('');
      }
    }
    after = series.length === SERIES_A_LOOK ? series.at(-1) : undefined;
  } while (after !== undefined);
}

function headOf(format: ExportFormat, times: TimeForm): string | undefined {
  if (format === 'ndjson') return undefined;
  const types = [['at', times === 'iso' ? 'timestamp[ms, UTC]' : 'int64'], ...COLUMNS] as const;
  // A comma within a type would be a column more.
  const names = types.map(([name, type]) => (format === 'csv' ? name : `${name}:${type.replace(', ', ' ')}`));
  return `${names.join(',')}\n`;
}

function lineOf(format: ExportFormat, times: TimeForm, row: ReadingRow, series: SeriesRow): string {
  const at: Cell = times === 'iso' ? new Date(row.at).toISOString() : row.at;
  if (format !== 'ndjson') return `${[at, ...COLUMNS.map(([, , of]) => of(row, series))].join(',')}\n`;
  const cells = Object.fromEntries(COLUMNS.map(([name, , of]) => [name, of(row, series)]));
  return `${JSON.stringify({ at, ...cells })}\n`;
}
