/**
 * Reads a `Retry-After` header: seconds or an HTTP date. Servers write absurd things there, and a
 * gateway that believed them would sleep for a year or hammer; what cannot be understood is ignored,
 * what can be is brought within bounds.
 */

/** A server that says "at once" while it is failing is still given a second. */
export const RETRY_AFTER_MIN_MS = 1_000;
/** A longer promise than a quarter of an hour is not worth more than one probe a quarter of an hour. */
export const RETRY_AFTER_MAX_MS = 900_000;

const SECONDS = /^\d{1,32}(?:\.\d{1,9})?$/;
/** `Thu, 15 Jan 2026 16:09:35 GMT`: the one form that servers may still write (RFC 9110, IMF-fixdate). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The wait a server asked for, in milliseconds within the bounds above; `undefined` if it asked for
 * none that can be understood. A date is measured against the server's own `Date` header where there
 * is one, because a Pi without a clock battery may be years off; `wallMs` is the fallback.
 */
export function parseRetryAfter(
  header: string | undefined,
  dateHeader: string | undefined,
  wallMs: number,
): number | undefined {
  const text = header?.trim() ?? '';
  if (SECONDS.test(text)) return clamp(Number(text) * 1_000);
  const dueAt = parseHttpDate(text);
  if (dueAt === undefined) return undefined;
  return clamp(dueAt - (parseHttpDate(dateHeader?.trim() ?? '') ?? wallMs));
}

function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isFinite(at) ? at : undefined;
}

function clamp(ms: number): number {
  return Math.round(Math.min(RETRY_AFTER_MAX_MS, Math.max(RETRY_AFTER_MIN_MS, ms)));
}
