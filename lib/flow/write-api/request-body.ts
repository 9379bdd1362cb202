/**
 * The bytes of a request, read by ourselves: they are bounded as they arrive, as sent and as decompressed, and each
 * is counted among those that all requests hold together. A body that is too large by its own word is not read.
 */

import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../../base/http/problem.ts';
import type { Seat } from './admission.ts';
import { decoded } from './compression.ts';

/** Resolves with the text. Throws `body_too_large`, `encoding_not_supported`, `overloaded` or `request_malformed`. */
export async function readBody(
  request: IncomingMessage,
  seat: Pick<Seat, 'hold'>,
  bytesMax: number,
): Promise<string> {
  const declared = Number(request.headers['content-length']);
  if (declared > bytesMax) throw tooLarge(declared, bytesMax);
  const sent = await readBytes(request, seat, bytesMax);
  const plain = decoded(sent, request.headers['content-encoding'], bytesMax);
  if (plain !== sent) seat.hold(plain.length);
  return plain.toString('utf8');
}

/** Whether what is left of a body is worth reading only to keep the connection: not if it may have no end. */
export function isShort({ headers }: IncomingMessage, bytesMax: number): boolean {
  if (headers['transfer-encoding'] !== undefined) return false;
  return Number(headers['content-length'] ?? 0) <= bytesMax;
}

function readBytes(request: IncomingMessage, seat: Pick<Seat, 'hold'>, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stopListening = () => {
      request.off('data', take).off('end', finish).off('error', cutOff).off('close', cutOff);
    };
    const fail = (error: unknown) => {
      stopListening();
      reject(error);
    };
    // Without an end before it, the body was cut off, which Node calls an error or not; nobody will read the answer.
    const cutOff = () => fail(new HttpProblem('request_malformed', 'the body was cut off'));
    const finish = () => {
      stopListening();
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytes, bytesMax);
        seat.hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    request.on('data', take).on('end', finish).on('error', cutOff).on('close', cutOff);
  });
}

function tooLarge(bytes: number, bytesMax: number): HttpProblem {
  return new HttpProblem('body_too_large', `a body of ${bytes} bytes or more; at most ${bytesMax}`);
}
