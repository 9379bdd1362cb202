/**
 * How a file of the runtime directory is written: beside its place, from where it is to be renamed, so that nobody
 * reads half.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Returns the path of what is written. Throws what the system throws. */
export function writeBeside(file: string, text: string): string {
  const dir = dirname(file);
  // Whoever clears /run by hand must not make a program that runs look dead for ever. Only itself: above it may be the
  // data directory, which is not ours to make.
  if (!existsSync(dir)) mkdirSync(dir, { mode: 0o755 });
  const part = `${file}.tmp`;
  // Left by a run that was killed, or a link that would have us write elsewhere.
  rmSync(part, { force: true });
  writeFileSync(part, text, { mode: 0o644, flag: 'wx' });
  return part;
}
