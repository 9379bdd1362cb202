/** Deliveries succeed, and something old still waits: a drain that does not come about. */

import { spanInWords } from '../clock-lines.ts';
import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

export const backlogAge: Invariant = {
  name: 'backlog_age',
  about:
    'nothing waits for longer than `invariants.backlog_age` for a destination that answers and is not being caught up with',
  severity: 'warning',
  hint: 'sensorctl why; sensorctl outbox stat',
  // The age itself is the patience; more looks tell a pause between two batches from a standstill.
  opens: { seen: 4, of: 5 },
  resolvesAfter: 5,
  parents: [
    'breaker_open',
    'breaker_flapping',
    'breaker_held',
    'delivery_misconfigured',
    'delivery_refused',
    'program_silent',
    'unit_failed',
  ],
  subjects: destinationsOf,
  judge({ subject, look, limits }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { delivery, live, ageMs } = seen;
    if (ageMs < limits.backlogAgeMs) return 'whole';
    if (live?.drainRowsPerSecond !== undefined) return 'unknown';
    return {
      title: `${delivery.rows} readings wait for ${subject}, the oldest for ${spanInWords(ageMs)}`,
      evidence: { backlog_rows: delivery.rows, backlog_oldest_at: delivery.oldestAt },
    };
  },
};
