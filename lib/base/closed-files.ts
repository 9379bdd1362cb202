/**
 * Files that we may not use although they lie in a directory of ours: somebody has made them as another user,
 * most often with sudo. Found by asking the system and not by comparing users, so that a group that may write is
 * as good as an owner.
 */

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './errors.ts';

export interface ClosedFile {
  readonly path: string;
  /** `root`, or `user 1000`. */
  readonly owner: string;
}

/** Those directly in `dir`, by name; none if the directory itself cannot be read. */
export function closedFilesIn(dir: string): readonly ClosedFile[] {
  try {
    return readdirSync(dir)
      .sort()
      .map((name) => join(dir, name))
      .filter(isClosed)
      .map((path) => ({ path, owner: nameOf(statSync(path).uid) }));
  } catch {
    return []; // It goes or is closed meanwhile: whoever asks has an error to tell already.
  }
}

/** On a read-only disk every file refuses writes, which is not its owner's doing: only EACCES is. */
function isClosed(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EACCES';
  }
}

const nameOf = (uid: number) => (uid === 0 ? 'root' : `user ${uid}`);
