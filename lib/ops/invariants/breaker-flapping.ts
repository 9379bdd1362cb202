/** A destination that comes and goes is one trouble with one cause, and not a new one each time. */

import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Invariant } from './invariant.ts';

const WINDOW_MS = 3_600_000;
/** Once is an update of the other side, twice its second try. */
const OPENINGS_MAX = 3;

export const breakerFlapping: Invariant = {
  name: 'breaker_flapping',
  about: `no breaker has opened ${OPENINGS_MAX} times or more within an hour`,
  severity: 'warning',
  hint: 'sensorctl why; sensorctl breaker show',
  // A count over an hour is no hiccup.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: ['breaker_held'],
  subjects: destinationsOf,
  judge({ subject, look }) {
    const seen = deliveringIn(look, subject);
    if (typeof seen === 'string') return seen;
    const { openedAt, reason, breaker, rows } = seen.delivery;
    const times = openedAt.filter((at) => Math.abs(look.at - at) < WINDOW_MS);
    if (times.length < OPENINGS_MAX) return seen.drained ? 'whole' : 'unknown';
    return {
      title: `the breaker of ${subject} has opened ${times.length} times within an hour: ${reason}`,
      evidence: { opened_at: times.slice(0, 10), breaker, reason, backlog_rows: rows },
    };
  },
};
