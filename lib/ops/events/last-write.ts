/**
 * When a database was last written to, told without opening it: whoever opens and closes it for each look would read
 * everything each time, and a count of commits is only kept by a connection that stays.
 */

import { statSync } from 'node:fs';

/** The kernel counts the times of files in steps of at most 10 ms: later writes in the same step are not told apart. */
const STEP_MS = 100;

/** The same again if nothing was written since; `undefined` if it is too early to say so. Throws what the disk throws. */
export function lastWriteTo(file: string, nowMs: number): string | undefined {
  const found = [file, `${file}-wal`].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  const times = found.map((one) => Number(one?.mtimeMs ?? 0));
  if (nowMs - Math.max(...times) < STEP_MS) return undefined;
  return found.map((one) => `${one?.ino}:${one?.size}:${one?.mtimeNs}`).join(' ');
}
