/** The clock was set, and nobody vouches for it: readings go on as if it had not, and one of the two is wrong. */

import { spanInWords } from '../clock-lines.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const clockJumped: Invariant = {
  name: 'clock_jumped',
  about: 'the clock goes as readings are stamped: nobody has set it without a time service behind it',
  severity: 'warning',
  hint: 'date; timedatectl; sensorctl doctor --step clock. A clock that is right: sudo timedatectl set-ntp true',
  // A time service that has just set it says so within seconds.
  opens: { seen: 2, of: 3 },
  resolvesAfter: 3,
  parents: ['program_silent', 'unit_failed'],
  subjects: () => ONLY_ONE,
  judge({ look }) {
    const clock = look.reader?.clock;
    if (look.watched.clockTrust === 'never') return 'gone';
    if (clock === undefined) return 'unknown';
    if (clock.jumpedMs === 0) return 'whole';
    const way = clock.jumpedMs > 0 ? 'ahead of' : 'behind';
    return {
      title: `the clock has jumped: it is ${spanInWords(Math.abs(clock.jumpedMs))} ${way} the times of readings`,
      evidence: { jumped_ms: clock.jumpedMs, why: clock.why },
    };
  },
};
