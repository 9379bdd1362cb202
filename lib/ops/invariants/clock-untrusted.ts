/** A clock that nobody vouches for: readings are kept with a mark, and get their true times once somebody does. */

import { spanInWords } from '../clock-lines.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';
import { lastingMs } from './past.ts';

export const clockUntrusted: Invariant = {
  name: 'clock_untrusted',
  about: 'somebody has vouched for the clock within `invariants.clock_untrusted`',
  severity: 'warning',
  hint: 'timedatectl; sensorctl doctor --step clock',
  // The time itself is the patience.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: ['program_silent', 'unit_failed'],
  subjects: () => ONLY_ONE,
  judge(one) {
    const { look, limits } = one;
    const clock = look.reader?.clock;
    if (look.watched.clockTrust === 'never') return 'gone';
    if (clock === undefined) return 'unknown';
    if (clock.trusted) return 'whole';
    const forMs = lastingMs(one, ({ reader }) => reader?.clock && !reader.clock.trusted);
    if (forMs < limits.clockUntrustedMs) return 'unknown';
    return {
      title: `nobody has vouched for the clock for ${spanInWords(forMs)}: ${clock.why}`,
      evidence: { why: clock.why, for_ms: Math.round(forMs) },
    };
  },
};
