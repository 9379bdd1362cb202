/** Times and ages as people say and read them. */

import { printable } from '../../lib/base/printable.ts';
import { parseDuration } from '../../lib/base/quantity-text.ts';
import { usageError } from './command.ts';

/**
 * The wall time of `5m` (ago), `2h`, `7d`, or an ISO 8601 time; a date alone is local midnight, a time
 * without an offset local time. Throws `SGW_USAGE`.
 */
export function parseMoment(option: string, text: string, nowMs: number, command: string): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const iso = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
  // A date alone would be read as midnight in Greenwich, which nobody means on a command line.
  const at = iso ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const usage = 'Use 5m, 2h, 7d, or a time such as 2026-01-15T16:09:35Z.';
  throw usageError(`${option}: "${printable(text, 60)}" is not a time. ${usage}`, command);
}

const STEPS: readonly (readonly [unit: string, ms: number, below: number])[] = [
  ['s', 1_000, 120_000],
  ['min', 60_000, 7_200_000],
  ['h', 3_600_000, 172_800_000],
  ['d', 86_400_000, Number.POSITIVE_INFINITY],
];

/** `4 s`, `41 min`, `3 h`, `12 d`. */
export function ageInWords(ms: number): string {
  const age = Math.max(0, ms);
  const [unit, size] = STEPS.find(([, , below]) => age < below) ?? ['d', 86_400_000];
  return `${Math.round(age / size)} ${unit}`;
}

/** Local time, `2026-01-15 16:09:35`. */
export function localTime(at: number): string {
  const when = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const date = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${date} ${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

/** For programs; `null`: it has not happened, or nobody knows. A clock may have been set to what no date can say. */
export function isoTime(at: number | null | undefined): string | null {
  if (at === undefined || at === null) return null;
  const when = new Date(at);
  return Number.isNaN(when.getTime()) ? null : when.toISOString();
}

/** `1 reading`, `2 readings`, `12,345 readings`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

/** `812 B`, `44 KiB`, `1.5 MiB`. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const kib = bytes / 1_024;
  if (kib < 1_024) return `${Math.round(kib)} KiB`;
  const mib = kib / 1_024;
  return mib < 1_024 ? `${Number(mib.toFixed(1))} MiB` : `${Number((mib / 1_024).toFixed(1))} GiB`;
}

/** Six digits say all that a sensor knows; counters keep every digit. */
export function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
