/**
 * The tokens of a write API that other machines may reach, as a file: who may deliver, and never with what. Of a
 * token only its SHA-256 is kept. A token has 260 bits of chance, so there is nothing to guess and a slow hash would
 * protect nothing. Each gateway has at most one.
 *
 * The file is replaced whole, so that who reads it sees one state or the next.
 */

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { codeOf, GatewayError, messageOf } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { syncPath } from '../../base/sync-path.ts';
import { FIELDS } from '../reading.ts';

const TokenRecord = z.strictObject({
  gateway: FIELDS.name,
  /** SHA-256 of the token, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 digits of hex'),
  /** Wall time. */
  addedAt: FIELDS.at,
});
export type TokenRecord = z.infer<typeof TokenRecord>;

/** One machine and its fleet; every request is compared with all of them. */
const TOKENS_MAX = 1_000;
const TokenFile = z.strictObject({ version: z.literal(1), tokens: z.array(TokenRecord).max(TOKENS_MAX) });

/** Its hashes are of no use to anybody, and of no business either. */
const FILE_MODE = 0o640;

/** All tokens, none if there is no file yet. Throws `SGW_CONFIG_INVALID` if it is not a file of tokens. */
export function readTokens(file: string): readonly TokenRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw unusable(file, messageOf(error), error);
  }
  return parseTokens(file, text);
}

/** The tokens of a file's text. Throws `SGW_CONFIG_INVALID` as `readTokens` does. */
export function parseTokens(file: string, text: string): readonly TokenRecord[] {
  try {
    return TokenFile.parse(JSON.parse(text)).tokens;
  } catch (error) {
    throw unusable(file, error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error);
  }
}

/** Durable when it returns. Throws `SGW_CONFIG_INVALID`, also while somebody else writes it. */
export function writeTokens(file: string, tokens: readonly TokenRecord[]): void {
  if (tokens.length > TOKENS_MAX) throw unusable(file, `more than ${TOKENS_MAX} tokens`, undefined);
  // Who finds it there is the second of two writers, and would undo what the first one does.
  const fresh = `${file}.new`;
  let descriptor: number;
  try {
    descriptor = openSync(fresh, 'wx', FILE_MODE);
  } catch (error) {
    const isThere = codeOf(error) === 'EEXIST';
    const more = isThere ? `; is another sensorctl at work? If not: rm ${fresh}` : '';
    throw unusable(file, `${messageOf(error)}${more}`, error);
  }
  try {
    writeSync(descriptor, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`);
    fsyncSync(descriptor);
    renameSync(fresh, file);
    syncPath(dirname(file));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw unusable(file, messageOf(error), error);
  } finally {
    closeSync(descriptor);
  }
}

/** A new one: recognisable, so that scanners find it where it should not be. */
export function createToken(random: Pick<Random, 'streamId'>): string {
  return `sgw_${random.streamId()}${random.streamId()}`;
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function unusable(file: string, why: string, cause: unknown): GatewayError {
  return new GatewayError('SGW_CONFIG_INVALID', `cannot use the tokens in ${file}: ${why}`, {
    hint: 'sensorctl token list; the file is written by sensorctl token add and revoke.',
    cause,
  });
}
