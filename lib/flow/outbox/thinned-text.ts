/**
 * What a thinned row says beyond its mean, as the text beside its numbers in the file:
 * `[count,min,max,first,last,spanMs,"source",lo,hi]`. In the row itself and under its checksum, so that nothing
 * of it can be lost or changed alone; the source by its name, so that it outlives the table of streams.
 */

import type { Thinned } from '../reading.ts';

type Parts = [
  count: number,
  min: number,
  max: number,
  first: number,
  last: number,
  spanMs: number,
  source: string,
  lo: number,
  hi: number,
];

/** A number in JSON is its shortest text that gives the same double back. */
export function thinnedText({ count, min, max, first, last, spanMs, source, lo, hi }: Thinned): string {
  const parts: Parts = [count, min, max, first, last, spanMs, source, lo, hi];
  return JSON.stringify(parts);
}

/** Of a text whose checksum holds. */
export function parseThinned(text: string): Thinned {
  const [count, min, max, first, last, spanMs, source, lo, hi] = JSON.parse(text) as Parts;
  return { count, min, max, first, last, spanMs, source, lo, hi };
}

/**
 * Of a text whose checksum holds, the text of the tuple on the wire: the same, with the place of the source in a
 * list instead of its name. A name has no quotation marks, so nothing needs to be parsed for it.
 */
export function tupleText(text: string, indexOf: (source: string) => number): string {
  const [before = '', source = '', after = ''] = text.split('"');
  return `${before}${indexOf(source)}${after}`;
}

/** The same as a member of something larger; nothing for a row that is an ordinary reading. */
export function thinnedPart(text: string | null): { readonly thinned?: Thinned } {
  return text === null ? {} : { thinned: parseThinned(text) };
}
