/** A line of an export, read back: checked as strictly as the store does, so that it says where a line is wrong. */

import { rowFault, type ThinnedTuple } from '../batch.ts';
import { FLAG, NAME_PATTERN, NAME_RULE, STREAM_PATTERN, type Thinned, UNIT_PATTERN } from '../reading.ts';
import type { OutboxRow } from './outbox-rows.ts';

/** What is wrong with a line, and at which of its characters, from 1. */
export class LineFault extends Error {
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.name = 'LineFault';
    this.column = column;
  }
}

/** Throws `LineFault`. */
export function parseRowLine(line: string): OutboxRow {
  const row = parseObject(line);
  const fault = (key: string, message: string) =>
    new LineFault(Math.max(0, line.indexOf(`"${key}"`)) + 1, `${key}: ${message}`);
  const text = (key: string, pattern: RegExp, rule: string): string => {
    const found = row[key];
    if (typeof found === 'string' && pattern.test(found)) return found;
    throw fault(key, `must be ${rule}`);
  };

  const stream = text('stream', STREAM_PATTERN, '8 to 64 characters of a-z and 0-9');
  const sensor = text('sensor', NAME_PATTERN, NAME_RULE);
  const metric = text('metric', NAME_PATTERN, NAME_RULE);
  const unit = text('unit', UNIT_PATTERN, '1 to 24 characters, such as celsius, percent or hPa');
  const at = typeof row.at === 'string' ? Date.parse(row.at) : row.at;
  const { seq, value, flags = 0 } = row;
  const thinned = row.thinned === undefined ? undefined : tupleOf(row.thinned);
  const tuple: unknown[] = [seq, 0, at, value];
  if (flags !== 0) tuple.push(flags);
  if (thinned !== undefined) tuple.push(thinned);
  const found = rowFault(tuple, 1, 1);
  if (found !== undefined) throw fault(KEYS[found.place] ?? 'flags', found.message);
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof value !== 'number') throw fault('seq', '');
  return {
    ...{ stream, seq, sensor, metric, unit, at, value },
    flags: Number(flags),
    ...(thinned === undefined ? {} : { thinned: thinnedOf(thinned, sourceOf(row.thinned, fault)) }),
  };
}

const KEYS: Readonly<Record<string, string>> = {
  '[0]': 'seq',
  '[2]': 'at',
  '[3]': 'value',
  '[4]': 'flags',
  '[5]': 'thinned',
};

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    // `... in JSON at position 17 (line 1 column 18)`; an end that comes too early has no position.
    const position = /at position (\d+)/.exec(String(error))?.[1];
    throw new LineFault(position === undefined ? line.length + 1 : Number(position) + 1, 'is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new LineFault(1, 'is not a JSON object');
}

function tupleOf(thing: unknown): unknown[] {
  const { count, min, max, first, last, spanMs, lo, hi } = { ...(thing as Partial<Thinned>) };
  return [count, min, max, first, last, spanMs, 0, lo, hi];
}

function sourceOf(thing: unknown, fault: (key: string, message: string) => LineFault): string {
  const { source } = { ...(thing as Partial<Thinned>) };
  if (typeof source === 'string' && STREAM_PATTERN.test(source)) return source;
  throw fault('source', 'must be a stream: 8 to 64 characters of a-z and 0-9');
}

/** Of one that has been checked. */
function thinnedOf(tuple: readonly unknown[], source: string): Thinned {
  const [count = 0, min = 0, max = 0, first = 0, last = 0, spanMs = 0, , lo = 0, hi = 0] = tuple.map(Number);
  return { count, min, max, first, last, spanMs, source, lo, hi };
}

/** Rows of one stream as the text of a `BatchRequest`. */
export function batchOfRows(gateway: string, stream: string, rows: readonly OutboxRow[]): string {
  const series = new Map<string, number>();
  const sources = new Map<string, number>();
  const indexIn = (list: Map<string, number>, key: string) => {
    const index = list.get(key) ?? list.size;
    list.set(key, index);
    return index;
  };
  const readings = rows.map(({ seq, sensor, metric, unit, at, value, flags, thinned }) => {
    const row: (number | ThinnedTuple)[] = [
      seq,
      indexIn(series, JSON.stringify({ sensor, metric, unit })),
      at,
      value,
    ];
    if (flags !== 0) row.push(flags);
    if (thinned !== undefined && (flags & FLAG.thinned) !== 0) {
      const { count, min, max, first, last, spanMs, source, lo, hi } = thinned;
      row.push([count, min, max, first, last, spanMs, indexIn(sources, source), lo, hi]);
    }
    return row;
  });
  return JSON.stringify({
    gateway,
    stream,
    series: [...series.keys()].map((text): unknown => JSON.parse(text)),
    readings,
    ...(sources.size === 0 ? {} : { sources: [...sources.keys()] }),
  });
}
