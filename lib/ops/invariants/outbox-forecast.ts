/** How long an outage may still last: while something waits, the time until the oldest readings are given up. */

import { spanInWords } from '../clock-lines.ts';
import { deliveringIn, destinationsOf } from './delivering.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const outboxForecast: Invariant = {
  name: 'outbox_forecast',
  about: 'while something waits for a destination, the outbox lasts for longer than `invariants.forecast`',
  severity: 'critical',
  hint: 'sensorctl outbox stat; make the destination answer, give the outbox more room (outbox.bytes_max), or sample less often',
  // A rate is measured over minutes: the first look after a start may be wrong.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look, limits }) {
    const { outbox } = look;
    if (outbox === undefined) return 'unknown';
    const waiting = destinationsOf(look).filter((name) => {
      const seen = deliveringIn(look, name);
      return typeof seen !== 'string' && !seen.drained;
    });
    const { lastsMs } = outbox;
    if (waiting.length === 0 || lastsMs === undefined || lastsMs >= limits.forecastMs) return 'whole';
    return {
      title: `the outbox lasts only ${spanInWords(lastsMs)} more while ${waiting.join(', ')} cannot be delivered to`,
      evidence: { lasts_ms: Math.round(lastsMs), waiting },
    };
  },
};
