/**
 * What a rename or a new file needs before it survives a power cut: its bytes on the disk, and its name in the
 * directory, which is a file of its own. Never for a database that this process has open: closing any handle
 * on it would drop SQLite's locks.
 */

import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes a file, or the names in a directory, survive a power cut. */
export function syncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
