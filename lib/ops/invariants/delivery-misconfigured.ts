/** The other side answers, but not as our write API: a wrong token, path or host. No pause mends that, only a person. */

import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

export const deliveryMisconfigured: Invariant = {
  name: 'delivery_misconfigured',
  about: 'each destination answers as our write API does: its address, path and token are right',
  severity: 'critical',
  hint: 'sensorctl why; sensorctl doctor --step network',
  // It is tried once a minute: two looks may see the same answer, four do not.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: ['breaker_held', 'program_silent', 'unit_failed'],
  subjects: destinationsOf,
  judge({ subject, look }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { outcome, rows } = seen.delivery;
    if (outcome?.kind !== 'misconfigured') return outcome?.kind === 'stored' ? 'whole' : 'unknown';
    return {
      title: `${subject} does not take readings: ${outcome.reason}`,
      evidence: { reason: outcome.reason, since_at: outcome.sinceAt, backlog_rows: rows },
    };
  },
};
