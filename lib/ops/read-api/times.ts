/** Times and durations as people write them in a URL. No time zone but the one that is written, no locale. */

import { AT_MAX, isWhole } from '../../flow/reading.ts';

export const TIME_RULE =
  'must be whole milliseconds since 1970, a time like 2026-01-15T16:09:35Z, "now", or a duration before now like 24h';
export const DURATION_RULE = 'must be a whole number and a unit, such as 30s, 15m, 1h, 7d or 1w';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** In milliseconds: a whole number and a unit, from a second to a hundred years; `undefined` if it is none. */
export function parseWholeDuration(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,7})([smhdw])$/.exec(text) ?? [];
  const ms = Number(number) * (UNIT_MS[unit] ?? 0);
  return ms > 0 && ms <= DURATION_MAX_MS ? ms : undefined;
}
const DURATION_MAX_MS = 100 * 366 * 86_400_000;

/** A wall time in milliseconds since 1970; a day alone begins at midnight UTC. `undefined` if it is none. */
export function parseTime(text: string, nowAt: number): number | undefined {
  if (text === 'now') return nowAt;
  const agoMs = parseWholeDuration(text);
  if (agoMs !== undefined) return Math.max(0, nowAt - agoMs);
  // In a query a plus is a space, and people forget to write it as %2B.
  const plain = text.replace(/ (\d\d:\d\d)$/, '+$1');
  const at = /^\d{1,15}$/.test(plain) ? Number(plain) : ISO.test(plain) ? Date.parse(plain) : Number.NaN;
  return isWhole(at, 0, AT_MAX) ? at : undefined;
}
