/**
 * Compressed bodies. A decoder stops at the limit that a body has in plain, so that a few kilobytes cannot become
 * gigabytes; what it makes is bounded by that and takes milliseconds, less than storing the readings in it.
 */

import * as zlib from 'node:zlib';
import { codeOf, messageOf } from '../../base/errors.ts';
import { HttpProblem } from '../../base/http/problem.ts';

type Decode = (body: Buffer, limit: { readonly maxOutputLength: number }) => Buffer;

/** Node has had zstd since 22.15; its types here are those of Node 20. */
const newer: object = zlib;
const zstd =
  'zstdDecompressSync' in newer && isDecode(newer.zstdDecompressSync) ? newer.zstdDecompressSync : undefined;

const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', zlib.gunzipSync],
  ...(zstd === undefined ? [] : [['zstd', zstd] as const]),
]);

/** What we take, as an answer tells it (RFC 7694): a sender need not guess. */
export const ACCEPTED_ENCODINGS = [...DECODERS.keys()].join(', ');

/**
 * The plain body. Throws `encoding_not_supported` (415 also for what is not what it is said to be: this says nothing
 * about the readings in it, and a 400 would) or `body_too_large`.
 */
export function decoded(body: Buffer, encoding: string | undefined, bytesMax: number): Buffer {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const decode = DECODERS.get(name);
  if (decode === undefined)
    throw new HttpProblem(
      'encoding_not_supported',
      `Content-Encoding: ${name}; there is ${ACCEPTED_ENCODINGS}`,
    );
  try {
    return decode(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE')
      throw new HttpProblem('body_too_large', `more than ${bytesMax} bytes after decompression`);
    throw new HttpProblem('encoding_not_supported', `this is not ${name}: ${messageOf(error)}`);
  }
}

function isDecode(thing: unknown): thing is Decode {
  return typeof thing === 'function';
}
