/**
 * To whom belongs what a command makes in the data directory. Typed with sudo it would be root's, and the program that
 * runs as a user of its own could not open it.
 *
 * The directory belongs to that user, who may put a link in the place of anything there. So root gives away only what
 * really lies in it, by a handle on the thing itself, and never what a link leads to.
 */

import { chownSync, closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/**
 * Linux's O_PATH, which Node does not name: a handle that reads nothing. Closing one leaves the locks alone that this
 * process has on the file; closing any other would end them.
 */
const O_PATH = 0o10_000_000;

/**
 * Does nothing for who is not root: what that user makes is its own already. What is a link, or lies outside of the
 * directory of `model`, stays root's: a program that cannot open it says so, with the command that mends it.
 */
export function belongLike(path: string, model: string): void {
  if (process.getuid?.() !== 0) return;
  const owner = statSync(model);
  const home = placeOf(owner.isDirectory() ? model : dirname(model));
  const handle = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const place = readlinkSync(`/proc/self/fd/${handle}`);
    const found = fstatSync(handle);
    const isOurs = place.startsWith(home + sep) && !found.isSymbolicLink();
    // A second name of a file may be that of somebody else's.
    const isShared = found.isFile() && found.nlink > 1;
    if (isOurs && !isShared) chownSync(`/proc/self/fd/${handle}`, owner.uid, owner.gid);
  } finally {
    closeSync(handle);
  }
}

/** Where a directory really is, whatever links lead there. */
function placeOf(directory: string): string {
  const handle = openSync(directory, O_PATH);
  try {
    return readlinkSync(`/proc/self/fd/${handle}`);
  } finally {
    closeSync(handle);
  }
}
