/**
 * Where a page ended, as a word that a client hands back unread. It names a place in the data and not a number of
 * rows, so that what is stored in between moves nothing, and it costs us nothing to remember.
 */

import { isWhole } from '../../flow/reading.ts';

/** In a URL: longer ones are somebody's own. */
export const CURSOR_PATTERN = /^[A-Za-z0-9_-]{1,600}$/;

export function cursorOf(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** `undefined` if it is not one that we gave for a place of this form. */
export function readCursor(
  text: string,
  form: readonly ('text' | 'whole')[],
): (string | number)[] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== form.length) return undefined;
  const fits = form.every((kind, i) => {
    const part: unknown = parts[i];
    return kind === 'text' ? typeof part === 'string' : isWhole(part, 0, Number.MAX_SAFE_INTEGER);
  });
  return fits ? parts : undefined;
}
