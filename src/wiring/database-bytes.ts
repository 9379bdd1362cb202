/** What a database takes of the disk: its file, and the log beside it. */

import { statSync } from 'node:fs';

/** `undefined` if there is no such file. */
export function databaseBytes(file: string): number | undefined {
  const bytes = sizeOf(file);
  return bytes === undefined ? undefined : bytes + (sizeOf(`${file}-wal`) ?? 0);
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}
