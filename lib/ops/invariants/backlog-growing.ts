/** Deliveries succeed, and more comes than goes: the other side, or the line to it, is too slow for this machine. */

import { deliveringIn, destinationsOf } from './delivering.ts';
import type { Case, Invariant } from './invariant.ts';

const WINDOW_MS = 600_000;
/** Fewer are no trend, but the ups and downs of rounds. */
const QUARTERS = 4;

export const backlogGrowing: Invariant = {
  name: 'backlog_growing',
  about: `the backlog of a destination that answers has not grown steadily for ${WINDOW_MS / 60_000} min`,
  severity: 'warning',
  hint: 'sensorctl why; sensorctl outbox stat; a slower sampling.interval, or fewer sources',
  // Ten minutes of growth are the patience; three looks tell a trend from its last step.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 6,
  parents: [
    'outbox_forecast',
    'backlog_age',
    'breaker_open',
    'breaker_flapping',
    'breaker_held',
    'delivery_misconfigured',
    'delivery_refused',
    'program_silent',
    'unit_failed',
  ],
  subjects: destinationsOf,
  judge(one) {
    const seen = deliveringIn(one.look, one.subject);
    if (typeof seen === 'string') return seen;
    const { rows } = seen.delivery;
    if (seen.drained) return 'whole';
    const lows = lowestByQuarter(one);
    if (lows === undefined) return 'unknown';
    if (lows.some((low, i) => i > 0 && low <= (lows[i - 1] ?? low))) return 'whole';
    return {
      title: `the backlog of ${one.subject} grows: ${lows[0]} readings ${WINDOW_MS / 60_000} min ago, ${rows} now`,
      evidence: { lowest_by_quarter: lows, backlog_rows: rows, backlog_oldest_at: seen.delivery.oldestAt },
    };
  },
};

/** A drain that comes and goes has lows that do not rise. `undefined`: not seen for long enough. */
function lowestByQuarter({ look, past, subject }: Case): number[] | undefined {
  const seen = [...past.within(WINDOW_MS), look].flatMap((one) => {
    const rows = one.outbox?.destinations.find(({ destination }) => destination === subject)?.rows;
    return rows === undefined ? [] : [{ ageMs: look.atMono - one.atMono, rows }];
  });
  const quarterMs = WINDOW_MS / QUARTERS;
  const lows = Array.from({ length: QUARTERS }, (_, i) => {
    const fromMs = WINDOW_MS - i * quarterMs;
    const inQuarter = seen.filter(({ ageMs }) => ageMs <= fromMs && ageMs >= fromMs - quarterMs);
    return Math.min(...inQuarter.map(({ rows }) => rows));
  });
  return lows.every(Number.isFinite) ? lows : undefined;
}
