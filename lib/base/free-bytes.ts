/** How much room is left: for those who keep a reserve, or tidy up while it is tight. */

import { statfsSync } from 'node:fs';

/** Room for us on the file system of `directory`; `undefined` if it does not say. */
export function freeBytesAt(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined; // It has been unmounted or taken away: the next write will find out what that means.
  }
}
