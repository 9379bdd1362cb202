/** What the looking thread can be asked: each a call that may block, and returns plain data. */

import { lookAtAccount, lookAtGaps, lookAtOutbox, lookAtShelf } from './database-looks.ts';
import { namesIn, readText, realPathOf, roomAt, statOf } from './file-looks.ts';

export const LOOKS = {
  readText,
  namesIn,
  statOf,
  roomAt,
  realPathOf,
  outbox: lookAtOutbox,
  gaps: lookAtGaps,
  account: lookAtAccount,
  shelf: lookAtShelf,
} as const;

type Looks = typeof LOOKS;
export type LookName = keyof Looks;

/** Rejects with a `LookFailed`. */
export type AskLook = <N extends LookName>(
  name: N,
  ...args: Parameters<Looks[N]>
) => Promise<ReturnType<Looks[N]>>;
