/** A person who holds a breaker open has a reason, and a weekend in which it is forgotten. */

import { spanInWords } from '../clock-lines.ts';
import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

/** Longer than any maintenance that is still going on. */
const HELD_MAX_MS = 86_400_000;

export const breakerHeld: Invariant = {
  name: 'breaker_held',
  about: 'no breaker has been held open by a person for more than a day',
  severity: 'info',
  hint: 'sensorctl breaker release --destination NAME',
  // A day is patience enough.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: destinationsOf,
  judge({ subject, look }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { held, brokenSinceAt, reason, rows } = seen.delivery;
    const forMs = look.at - (brokenSinceAt ?? look.at);
    if (!held || forMs < HELD_MAX_MS) return 'whole';
    return {
      title: `the breaker of ${subject} has been held open by a person for ${spanInWords(forMs)}`,
      evidence: { since_at: brokenSinceAt, reason, backlog_rows: rows },
      hint: `sensorctl breaker release --destination ${subject}`,
    };
  },
};
