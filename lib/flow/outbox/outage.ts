/** The outage of a destination, from the history of its breaker: since when, and how often it was tried. */

import type { BreakerRecord, BreakerTransition } from './outbox.ts';
import type { DestinationStats } from './outbox-view.ts';

/** Eight hours of a probe a minute, which opens half and closes or opens again: enough to see flapping; under 100 KiB. */
export const TRANSITIONS_KEPT = 1_000;

export interface Outage {
  /** Each time that the breaker opened, the latest first: at the first failures, and after each failed probe. */
  readonly openings: readonly BreakerTransition[];
  readonly sinceAt: number;
  /** It began even before `sinceAt`: the history does not reach back so far. */
  readonly older: boolean;
}

export function isClosed(breaker: BreakerRecord | undefined): boolean {
  return breaker === undefined || breaker.state === 'closed';
}

/** The present outage: since the breaker was last closed, not since its latest probe. `transitions`: the latest first. */
export function outageOf(
  { destination, breaker }: Pick<DestinationStats, 'destination' | 'breaker'>,
  transitions: readonly BreakerTransition[],
): Outage | undefined {
  if (breaker === undefined || isClosed(breaker)) return undefined;
  const own = transitions.filter((one) => one.destination === destination);
  const closed = own.findIndex((one) => one.to === 'closed');
  const openings = own.slice(0, closed < 0 ? own.length : closed).filter((one) => one.to === 'open');
  const first = openings.at(-1);
  if (first === undefined) return { openings, sinceAt: breaker.sinceAt, older: false };
  return { openings, sinceAt: first.at, older: first.from !== 'closed' };
}
