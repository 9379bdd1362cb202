/**
 * What a reader may never do on its way to a destination, held against what it reports and what it sends: knock
 * before a pause is over, send more than one probe, wait longer or shorter than the ladder says, or have more under
 * way than one request for each of its lanes.
 */

import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { paced } from './pace.ts';

export interface RoadRules {
  onRequest(
    destination: string,
    request: { readonly method: 'GET' | 'POST'; readonly underWay: number },
  ): void;
  observe(event: FlowEvent): void;
  /** A new run begins half open, and has its own pauses. */
  readerGone(): void;
  /** The API came back: its reader may see that, and need not wait for the end of a pause. */
  apiBack(destination: string): void;
}

interface Known {
  state: 'closed' | 'open' | 'half_open';
  openUntilMs: number;
  probes: number;
  /** Of the latest pause; a run does not know what it was before. */
  step: number | undefined;
  /** Until then it may knock before a pause is over, once. */
  mayKnockUntilMs: number;
}

/** One request for each lane, and one that compares notes. */
const UNDER_WAY_MAX = 3;
/** `Retry-After` is obeyed up to a quarter of an hour. */
const ASKED_MAX_MS = 900_000;
const JITTER_MAX = 1.2;
/** Of a clock that counts in fractions. */
const ROUNDING_MS = 2;
/** A reader looks every ten minutes of a usual pace whether its API has come back; it may fail to reach it several times before. */
const SEEN_WITHIN_MS = paced(11 * 60_000);

const FAILURES_TO_OPEN = 3;

export function createRoadRules(deps: {
  readonly nowMs: () => number;
  readonly stepsMs: readonly number[];
  readonly problem: (what: string) => void;
}): RoadRules {
  const { nowMs, stepsMs, problem } = deps;
  const nextOf = (step: number | undefined) =>
    step === undefined ? undefined : Math.min(step + 1, stepsMs.length - 1);
  const destinations = new Map<string, Known>();

  function of(destination: string): Known {
    const known = destinations.get(destination) ?? {
      state: 'closed',
      openUntilMs: 0,
      probes: 0,
      step: undefined,
      mayKnockUntilMs: 0,
    };
    destinations.set(destination, known);
    return known;
  }

  const isTooSoon = ({ openUntilMs, mayKnockUntilMs }: Known) =>
    nowMs() < openUntilMs - ROUNDING_MS && nowMs() > mayKnockUntilMs;

  return {
    onRequest(destination, { method, underWay }) {
      if (underWay > UNDER_WAY_MAX) problem(`${underWay} requests are under way to ${destination}`);
      if (method === 'GET') return;
      const known = of(destination);
      if (known.state === 'half_open') {
        known.probes += 1;
        if (known.probes > 1) problem(`${known.probes} probes at once to ${destination}`);
      }
      if (known.state === 'open' && isTooSoon(known))
        problem(`a request to ${destination} ${known.openUntilMs - nowMs()} ms before the end of the pause`);
    },
    observe(event) {
      if (event.type === 'breaker.opened') {
        const known = of(event.destination);
        const stepMs = stepsMs[event.step] ?? Number.NaN;
        const most = JITTER_MAX * Math.max(stepMs, ASKED_MAX_MS) + ROUNDING_MS;
        if (!(event.pauseMs >= stepMs - ROUNDING_MS && event.pauseMs <= most))
          problem(`a pause of ${event.pauseMs} ms at step ${event.step} of the ladder`);
        if (known.state === 'closed' && event.failures !== FAILURES_TO_OPEN)
          problem(`the breaker of ${event.destination} opened after ${event.failures} failures`);
        const next = known.state === 'closed' ? 0 : nextOf(known.step);
        if (next !== undefined && event.step !== next)
          problem(`step ${event.step} of the ladder, and not step ${next}`);
        const openUntilMs = nowMs() + event.pauseMs;
        Object.assign(known, { state: 'open', openUntilMs, step: event.step });
      }
      if (event.type === 'breaker.half_opened') {
        const known = of(event.destination);
        if (isTooSoon(known))
          problem(`half open to ${event.destination} ${known.openUntilMs - nowMs()} ms too soon`);
        // An early knock that was allowed was the only one.
        if (nowMs() < known.openUntilMs - ROUNDING_MS) known.mayKnockUntilMs = 0;
        Object.assign(known, { state: 'half_open', probes: 0 });
      }
      if (event.type === 'breaker.closed') of(event.destination).state = 'closed';
    },
    readerGone: () => destinations.clear(),
    apiBack(destination) {
      of(destination).mayKnockUntilMs = nowMs() + SEEN_WITHIN_MS;
    },
  };
}
