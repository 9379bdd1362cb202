/**
 * Makes a directory and what is missing above it, one by one: asked for all of them at once, Node says ENOENT of a file
 * system that is read-only.
 */

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Harmless if it is there. Throws what the system throws. */
export function makeDir(dir: string, mode: number): void {
  if (isDirectory(dir)) return;
  if (!isDirectory(dirname(dir))) makeDir(dirname(dir), mode);
  try {
    mkdirSync(dir, { mode });
  } catch (error) {
    // Another program may just have made it.
    if (!isDirectory(dir)) throw error;
  }
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
