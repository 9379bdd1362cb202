/** Log lines about the circuit: the words by which people have always found it. */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineOptions, SAID_AGAIN_MS } from './line-log.ts';

type CircuitEvent = Extract<FlowEvent, { type: 'breaker.opened' | 'breaker.half_opened' | 'breaker.closed' }>;

export interface CircuitLineOptions extends LineOptions {
  /** Consecutive failures that open the breaker, as it stands in the fixed line. */
  readonly breakerFailures: number;
}

interface SaidOutage {
  readonly step: number;
  /** Whether the latest failure led a step up. On the ladder's last step, whichever that is, it does not. */
  readonly climbing: boolean;
  readonly saidMono: number;
  probeSaid: boolean;
}

/**
 * The circuit's lines, worded the same for ever because people grep for them. During a long outage the
 * probes would say HALF_OPEN and OPEN once a minute, some 2,900 lines a day: once the pauses grow no
 * more, a pair is said once an hour.
 */
export function createCircuitLines(options: CircuitLineOptions): (event: CircuitEvent) => void {
  const { log, monotonicMs } = options;
  const outages = new Map<string, SaidOutage>();

  return (event) => {
    const outage = outages.get(event.destination);
    const fields = fieldsOf(event);
    switch (event.type) {
      case 'breaker.opened': {
        const hourPassed = outage !== undefined && monotonicMs() - outage.saidMono >= SAID_AGAIN_MS;
        const climbing = outage === undefined || event.step > outage.step;
        const say = climbing || event.held || outage.probeSaid || hourPassed;
        if (say) {
          const why = event.held
            ? `held by a person: ${event.reason}`
            : `API failures exceeded threshold (${options.breakerFailures})`;
          log.warn(fields, `Circuit breaker OPEN - ${why}`);
        }
        const saidMono = say || outage === undefined ? monotonicMs() : outage.saidMono;
        outages.set(event.destination, { step: event.step, climbing, saidMono, probeSaid: false });
        break;
      }
      case 'breaker.half_opened': {
        const climbing = outage === undefined || outage.climbing;
        const say = climbing || monotonicMs() - outage.saidMono >= SAID_AGAIN_MS;
        if (say) log.info(fields, 'Circuit breaker HALF_OPEN - attempting recovery');
        if (outage !== undefined) outage.probeSaid = say;
        break;
      }
      case 'breaker.closed':
        outages.delete(event.destination);
        log.info(fields, 'Circuit breaker CLOSED - API recovered');
        break;
    }
  };
}
