/** The only source of chance, handed in like the clock, so that one seed decides a whole simulation. */

import { randomBytes } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;

  /** 26 lower-case characters of base 32 (130 bits): the identity of a stream. */
  streamId(): string;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const STREAM_ID_LENGTH = 26;

export const systemRandom: Random = {
  fraction: () => Math.random(),
  streamId: () => Array.from(randomBytes(STREAM_ID_LENGTH), (byte) => BASE32[byte % 32]).join(''),
};
