/**
 * Any value made fit for a log entry: plain, bounded in depth, length and number of entries, without
 * secrets. Never throws, whatever getters or cycles it meets: an entry about a failure must not fail.
 */

import { codeOf, messageOf } from './errors.ts';

/** Deeper is somebody's object graph, not information. */
const DEPTH_MAX = 4;
const ENTRIES_MAX = 50;
/** A stack trace fits; a response body does not. */
const TEXT_LENGTH_MAX = 4_096;

const SECRET_KEY = /^(.*[_-])?(token|password|passwd|secret|authorization|api_?key|cookie|set-cookie)$/i;
const REDACTED = '[redacted]';

/** Credentials inside a text: `Bearer abc`, `https://user:password@host`. */
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,256}@/gi, `$1${REDACTED}@`],
];

/** The fields of an entry. `err` and other errors become message, code, stack and cause. */
export function loggable(fields: object): Record<string, unknown> {
  const plain = plainValue(fields instanceof Error ? { err: fields } : fields, 0);
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain)
    ? { ...plain }
    : { value: plain };
}

/** A text without credentials, of bounded length. */
export function loggableText(text: string): string {
  const cut =
    text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}… (${text.length} characters)` : text;
  return SECRETS_IN_TEXT.reduce((clean, [secret, instead]) => clean.replace(secret, instead), cut);
}

function plainValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return loggableText(value);
    case 'bigint':
      return value.toString();
    case 'number':
      // JSON would say null, which is not what happened.
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      return value === null ? null : plainObject(value, depth);
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    default:
      return value;
  }
}

function plainObject(value: object, depth: number): unknown {
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    if (value instanceof Error) return plainError(value, depth);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (depth >= DEPTH_MAX) return Array.isArray(value) ? '[list]' : '[object]';
    if (Array.isArray(value)) return plainList(value, depth);
    return plainGroup(value, depth);
  } catch (error) {
    return `[unreadable: ${messageOf(error).slice(0, 100)}]`;
  }
}

function plainList(value: readonly unknown[], depth: number): unknown[] {
  const shown = value.slice(0, ENTRIES_MAX).map((one) => plainValue(one, depth + 1));
  return value.length > ENTRIES_MAX ? [...shown, `… (${value.length} entries)`] : shown;
}

function plainGroup(value: object, depth: number): Record<string, unknown> {
  const keys = Object.keys(value);
  const group: Record<string, unknown> = Object.create(null);
  for (const key of keys.slice(0, ENTRIES_MAX)) {
    const name = key.slice(0, 100);
    group[name] = SECRET_KEY.test(key) ? REDACTED : plainValue(Reflect.get(value, key), depth + 1);
  }
  if (keys.length > ENTRIES_MAX) group['…'] = `${keys.length} keys`;
  return group;
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const code = codeOf(error);
  return {
    name: error.name,
    message: loggableText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: loggableText(error.stack) }),
    ...(error.cause === undefined || depth >= DEPTH_MAX ? {} : { cause: plainValue(error.cause, depth + 1) }),
  };
}
