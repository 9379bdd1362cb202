/**
 * When a reader is ready: it has taken a round. If no source answers in time it is ready all the same, because
 * sensors that are unplugged, or slow, are no reason for a supervisor to give it up.
 */

import type { Clock } from '../../lib/base/clock.ts';
import type { FlowEvent, Observe } from '../../lib/flow/flow-event.ts';

export interface Readiness {
  /** To be fed with every event. */
  readonly observe: Observe;
  /** Resolves with `false` if `stopping` aborts first. */
  readonly ready: Promise<boolean>;
}

/** Well under TimeoutStartSec of the unit, however long the interval is and however patient a source. */
const READY_MAX_MS = 20_000;

/** Ready after the first round, and after `intervalMs` or 20 s in any case. */
export function awaitReadiness(clock: Clock, intervalMs: number, stopping: AbortSignal): Readiness {
  const sampled = new AbortController();
  const over = AbortSignal.any([sampled.signal, stopping]);
  return {
    observe(event: FlowEvent) {
      if (event.type === 'round.sampled') sampled.abort();
    },
    ready: clock.sleep('ready', Math.min(intervalMs, READY_MAX_MS), over).then(() => !stopping.aborted),
  };
}
