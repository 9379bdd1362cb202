/**
 * What a program does about a database file that is damaged: it takes its time to check one at the start, and
 * ends when it meets damage later, because only a start can put a fresh file in the place of an open one.
 */

import { GatewayError, messageOf } from '../../lib/base/errors.ts';

/** The slowest cards that we know read 10 MB in a second; a check reads everything once. */
const CHECK_BYTES_PER_MS = 5_000;
/** For everything else that a start does. */
export const START_MS = 60_000;

/** How long a start may take that reads `bytes`. */
export function checkMaxMs(bytes: number): number {
  return START_MS + Math.ceil(bytes / CHECK_BYTES_PER_MS);
}

export interface DamageWatch {
  /** Rejects with `SGW_OUTBOX_DAMAGED` or `SGW_STORE_DAMAGED` once damage has been noticed. */
  readonly failed: Promise<never>;
  noticed(error: unknown): void;
  /** An error that was noticed, in the words of `failed`; any other as it is. */
  inWords(error: unknown): unknown;
}

const CODES = { outbox: 'SGW_OUTBOX_DAMAGED', store: 'SGW_STORE_DAMAGED' } as const;

export function awaitDamage(of: keyof typeof CODES = 'outbox'): DamageWatch {
  let reject: (error: GatewayError) => void = () => {};
  const failed = new Promise<never>((_resolve, refuse) => {
    reject = refuse;
  });
  // It may be noticed while the start is still at work, before anybody listens.
  failed.catch(() => {});
  let worded: GatewayError | undefined;
  return {
    failed,
    noticed(error) {
      worded ??= new GatewayError(CODES[of], `the ${of} file is damaged: ${messageOf(error)}`, {
        hint: 'The next start reads it through. If it is damaged, it is moved to quarantine, and what can be read is saved in a fresh one.',
        cause: error,
      });
      reject(worded);
    },
    inWords: (error) => (worded?.cause === error ? worded : error),
  };
}
