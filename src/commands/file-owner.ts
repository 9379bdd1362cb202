/**
 * To whom belongs what a command makes in the data directory. Typed with sudo it would be root's, and the program that
 * runs as a user of its own could not open it.
 */

import { chownSync, statSync } from 'node:fs';

/** Does nothing for who is not root: what that user makes is its own already. */
export function belongLike(path: string, model: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}
