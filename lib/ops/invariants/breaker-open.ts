/**
 * A destination that cannot be delivered to. Nothing is lost by it for as long as the outbox lasts, and it is not over
 * with the first success: only once what has piled up is delivered, too.
 */

import { spanInWords } from '../clock-lines.ts';
import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

export const breakerOpen: Invariant = {
  name: 'breaker_open',
  about: 'no breaker has been open for longer than `invariants.breaker_open`',
  severity: 'warning',
  hint: 'sensorctl why',
  // The time itself is the patience; the second look is for the probe that succeeds just now.
  opens: { seen: 2, of: 2 },
  resolvesAfter: 3,
  parents: ['breaker_held', 'breaker_flapping', 'program_silent', 'unit_failed'],
  subjects: destinationsOf,
  judge({ subject, look, limits }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { breaker, held, brokenSinceAt, reason, rows, oldestAt } = seen.delivery;
    if (breaker === 'closed') return seen.drained ? 'whole' : 'unknown';
    const forMs = Math.max(0, look.at - (brokenSinceAt ?? look.at));
    if (held || forMs < limits.breakerOpenMs) return 'unknown';
    return {
      title: `nothing is delivered to ${subject} for ${spanInWords(forMs)}: ${reason}`,
      evidence: { breaker, since_at: brokenSinceAt, reason, backlog_rows: rows, backlog_oldest_at: oldestAt },
    };
  },
};
