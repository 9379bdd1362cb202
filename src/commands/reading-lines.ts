/** A stored reading as one line: of a table for people, of JSON for programs. */

import { printable, printableJson } from '../../lib/base/printable.ts';
import { FLAG, type Thinned } from '../../lib/flow/reading.ts';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { ageInWords, isoTime, localTime, shortNumber } from './words.ts';

/** Names and units come from whoever posted them; JSON.stringify alone lets C1 controls through. */
export function jsonLine(reading: StoredReading, raw?: number | null): string {
  const { gateway, sensor, metric, unit, at, value, stream, seq, flags } = reading;
  return printableJson(
    JSON.stringify({
      gateway,
      sensor,
      metric,
      unit,
      at: isoTime(at),
      value,
      stream,
      seq,
      ...((flags & FLAG.clockUntrusted) === 0 ? {} : { clock_untrusted: true }),
      ...((flags & FLAG.suspect) === 0 ? {} : { suspect: true }),
      ...((flags & FLAG.calibrated) === 0 ? {} : { calibrated: true }),
      ...(raw === undefined ? {} : { raw }),
      ...((flags & FLAG.thinned) === 0 ? {} : { mean_of: detailOf(reading.thinned) }),
    }),
  );
}

function detailOf(thinned: Thinned | undefined): object {
  if (thinned === undefined) return {};
  const { count, min, max, first, last, spanMs, source, lo, hi } = thinned;
  return { count, min, max, first, last, span_s: spanMs / 1_000, stream: source, lo, hi };
}

/** A row is printed before the next is known, so the widths are fixed; a longer name shifts its own row only. */
const WIDTHS = [19, 16, 22, 26, 14] as const;
export const HEADING = row(['time', 'gateway', 'sensor', 'metric', 'value', 'unit']);

export function tableRow(reading: StoredReading, raw?: number | null): string {
  const { gateway, sensor, metric, unit, at, value } = reading;
  const remarks = remarksOn(reading, raw);
  const said = remarks.length === 0 ? unit : `${unit} (${remarks.join('; ')})`;
  return row([localTime(at), gateway, sensor, metric, shortNumber(value), said]);
}

/** What nobody may overlook: a mean is no measurement, and a time that nobody vouched for may be wrong. */
function remarksOn({ flags, thinned }: StoredReading, raw: number | null | undefined): string[] {
  const remarks: string[] = [];
  if (thinned !== undefined) {
    const { count: n, min, max, spanMs } = thinned;
    const [low, high] = [shortNumber(min), shortNumber(max)];
    remarks.push(`mean of ${n.toLocaleString('en')}, ${low} to ${high}, ${ageInWords(spanMs)}`);
  } else if ((flags & FLAG.thinned) !== 0) remarks.push('mean of several');
  if ((flags & FLAG.clockUntrusted) !== 0) remarks.push('clock not trusted');
  if ((flags & FLAG.suspect) !== 0) remarks.push('suspect');
  if ((flags & FLAG.calibrated) !== 0) remarks.push(`calibrated${rawInWords(raw)}`);
  return remarks;
}

function rawInWords(raw: number | null | undefined): string {
  if (raw === undefined) return '';
  return raw === null ? ', raw not known' : `, raw ${shortNumber(raw)}`;
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, i) => {
    const text = printable(cell);
    const width = WIDTHS[i] ?? 0;
    return i === 4 ? text.padStart(width) : text.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}
