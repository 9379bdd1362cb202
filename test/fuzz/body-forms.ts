/** How a body is compressed, or not what it is said to be, and how its end is told. */

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

export type Packing =
  | 'plain'
  | 'gzip'
  | 'gzip twice'
  | 'gzip cut off'
  | 'gzip and more'
  | 'gzip of two parts'
  | 'bomb'
  | 'not gzip'
  | 'other';
export const PACKING = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Packing>('plain') },
  { weight: 2, arbitrary: fc.constant<Packing>('gzip') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Packing>(
      'gzip twice',
      'gzip cut off',
      'gzip and more',
      'gzip of two parts',
      'bomb',
      'not gzip',
      'other',
    ),
  },
);
/** 20 KB that become 20 MB. */
const BOMB = gzipSync(Buffer.alloc(20 * 1_048_576, ' '));

/** The bytes that are sent, and what they say they are. */
export function packed(
  body: Buffer,
  how: Packing,
): { readonly sent: Buffer; readonly encoding: string | undefined } {
  switch (how) {
    case 'plain':
      return { sent: body, encoding: undefined };
    case 'gzip':
      return { sent: gzipSync(body, { level: 1 }), encoding: 'gzip' };
    case 'gzip twice':
      return { sent: gzipSync(gzipSync(body)), encoding: 'gzip, gzip' };
    case 'gzip cut off':
      return { sent: gzipSync(body).subarray(0, -9), encoding: 'gzip' };
    case 'gzip and more':
      return { sent: Buffer.concat([gzipSync(body), Buffer.from('more')]), encoding: 'GZIP' };
    case 'gzip of two parts':
      return {
        sent: Buffer.concat([gzipSync(body.subarray(0, 9)), gzipSync(body.subarray(9))]),
        encoding: ' gzip ',
      };
    case 'bomb':
      return { sent: BOMB, encoding: 'gzip' };
    case 'not gzip':
      return { sent: body, encoding: 'gzip' };
    case 'other':
      return { sent: body, encoding: 'br' };
  }
}

export type Framing = 'length' | 'chunks' | 'chunks with extras' | 'expect';
export const FRAMING = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Framing>('length') },
  { weight: 3, arbitrary: fc.constantFrom<Framing>('chunks', 'chunks with extras', 'expect') },
);

export function framed(
  body: Buffer,
  how: Framing,
): { readonly headers: readonly string[]; readonly sent: Buffer } {
  switch (how) {
    case 'length':
      return { headers: [`Content-Length: ${body.length}`], sent: body };
    case 'expect':
      return { headers: ['Expect: 100-continue', `Content-Length: ${body.length}`], sent: body };
    case 'chunks':
      return { headers: ['Transfer-Encoding: chunked'], sent: inChunks(body, '', '') };
    case 'chunks with extras':
      return {
        headers: ['Transfer-Encoding: chunked', 'Trailer: X-After'],
        sent: inChunks(body, ';name="va;lue"', 'X-After: 1\r\n'),
      };
  }
}

/** Of sizes that have nothing to do with what is in them. */
function inChunks(body: Buffer, extension: string, trailers: string): Buffer {
  const size = 1 + (body.length % 97);
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}
