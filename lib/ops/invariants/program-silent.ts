/**
 * A program that runs shows that its event loop turns: a health file that is old comes from one that hangs, or was
 * killed.
 */

import { spanInWords } from '../clock-lines.ts';
import { HEALTH_FRESH_MS } from '../health-file.ts';
import type { Invariant } from './invariant.ts';
import { explainedBy, WATCHED_PROGRAMS } from './programs.ts';

export const programSilent: Invariant = {
  name: 'program_silent',
  about: `each program that runs has renewed its health file within ${HEALTH_FRESH_MS / 1_000} s, and none of its loops is stuck`,
  severity: 'critical',
  hint: 'sensorctl status; journalctl -u PROGRAM -n 50',
  // Three beats have been missed already when it is called old; a second look tells it from a machine that was busy.
  opens: { seen: 2, of: 2 },
  resolvesAfter: 3,
  parents: ['unit_failed'],
  subjects: () => WATCHED_PROGRAMS,
  judge({ subject, look: { programs } }) {
    if (programs === undefined) return 'unknown';
    const program = WATCHED_PROGRAMS.find((one) => one === subject);
    const seen = program === undefined ? undefined : programs[program];
    if (seen === undefined) return 'gone';
    const { ageMs, pid, stuck } = seen;
    // Stopped cleanly, or never started here.
    if (ageMs === undefined) return 'whole';
    const evidence = { age_ms: Math.round(ageMs), pid, stuck };
    const more = { hint: `sensorctl status; journalctl -u ${subject} -n 50`, explains: explainedBy(subject) };
    if (ageMs >= HEALTH_FRESH_MS)
      return { title: `${subject} has been silent for ${spanInWords(ageMs)}`, evidence, ...more };
    if (stuck.length === 0) return 'whole';
    return { title: `${subject} is stuck: ${stuck.join(', ')}`, evidence, ...more };
  },
};
