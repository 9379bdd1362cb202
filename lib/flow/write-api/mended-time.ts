/** The time of a reading that was sent with one which nobody vouched for, once it is known how wrong that was. */

import type { Correction } from '../batch.ts';
import { FLAG, type Reading } from '../reading.ts';

/** As a reading is to be stored whose correction was declared while it was on its way: as it came if there is none. */
export function mendedTime(
  { seq, at, flags }: Pick<Reading, 'at' | 'flags'> & { readonly seq: number },
  corrections: readonly Correction[],
): Pick<Reading, 'at' | 'flags'> {
  const about = corrections.find(
    ([lo, hi, , fromAt, toAt]) => lo <= seq && seq <= hi && fromAt <= at && at <= toAt,
  );
  return about === undefined ? { at, flags } : { at: at + about[2], flags: flags & ~FLAG.clockUntrusted };
}
