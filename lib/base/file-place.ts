/** Which file stands under a name now: another one may take its place, and whoever has it open would not notice. */

import { statSync } from 'node:fs';
import { codeOf } from './errors.ts';

/** The same again while it is the same file; the code of the error if nobody can say. */
export function placeOf(file: string): string {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch (error) {
    return codeOf(error) ?? 'unknown';
  }
}
