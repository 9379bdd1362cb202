/** The programs and units by the names that invariants share, and what hangs on the reader. */

import type { Program } from '../limits/limits.ts';

export const READER: Program = 'sensor-main';
export const WRITE_API: Program = 'sensor-api-write';

/** The monitor does not judge itself: its silence is the supervisor's to notice. */
export const WATCHED_PROGRAMS: readonly Program[] = [READER, WRITE_API];

/** Without the reader nothing is sampled and nothing is delivered: it explains all that is late then. */
export function explainedBy(program: string): readonly string[] {
  return program === READER ? [''] : [program];
}
