/** Every source answers. Counted in reads that failed on end, so that no clock that jumps makes a sensor silent. */

import { spanInWords } from '../clock-lines.ts';
import type { Invariant } from './invariant.ts';
import { sourceIn, sourcesOf } from './sources.ts';

/** One failure is a hiccup, and two may be; the third in a row wants a look. */
const FAILURES_MIN = 3;

export const sensorSilent: Invariant = {
  name: 'sensor_silent',
  about:
    'each source has answered within `invariants.sensor_silent`, or within three of its own intervals if that is longer',
  severity: 'warning',
  hint: 'sensorctl sensors read SOURCE; is it plugged in, and has it power?',
  // The failures on end are the patience; a second look is for the moment between two reads.
  opens: { seen: 2, of: 2 },
  resolvesAfter: 3,
  parents: ['bus_stuck', 'program_silent', 'unit_failed'],
  subjects: sourcesOf,
  judge({ subject, look, limits }) {
    const seen = sourceIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { intervalMs } = seen.configured;
    const { failures, failure, lastOkAt } = seen.source;
    if (failures === 0) return 'whole';
    const failuresMax = Math.max(FAILURES_MIN, Math.ceil(limits.sensorSilentMs / intervalMs));
    if (failures < failuresMax) return 'unknown';
    const since =
      lastOkAt === undefined
        ? 'since the reader was started'
        : `for ${spanInWords(Math.max(0, look.at - lastOkAt))}`;
    return {
      title: `${subject} has given no reading ${since}: ${failure ?? 'no answer'}`,
      evidence: { failures, failure, last_ok_at: lastOkAt, interval_ms: intervalMs },
      hint: `sensorctl sensors read ${subject}; is it plugged in, and has it power?`,
    };
  },
};
