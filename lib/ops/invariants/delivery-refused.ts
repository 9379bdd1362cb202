/** The other side takes some readings only later: a clock that is ahead, or a store that takes no more series. */

import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

export const deliveryRefused: Invariant = {
  name: 'delivery_refused',
  about: 'each destination takes all that it is sent, and puts nothing off',
  severity: 'warning',
  hint: 'sensorctl why; the log of the write API says what it refuses',
  // What is put off is tried again each minute.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: [
    'delivery_misconfigured',
    'breaker_held',
    'breaker_flapping',
    'breaker_open',
    'program_silent',
    'unit_failed',
  ],
  subjects: destinationsOf,
  judge({ subject, look }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { outcome } = seen.delivery;
    if (outcome === undefined || outcome.kind === 'unavailable' || outcome.kind === 'misconfigured')
      return 'unknown';
    if (outcome.kind === 'stored' && outcome.reason === '') return 'whole';
    return {
      title: `${subject} does not take all readings: ${outcome.reason}`,
      evidence: { kind: outcome.kind, reason: outcome.reason, since_at: outcome.sinceAt },
    };
  },
};
