/** What `sensorctl` may order a running reader to do (docs/decisions/0009-orders-through-a-socket-looks-through-files.md). */

import type { Destination } from '../../lib/flow/sync/destination.ts';
import type { ControlCommand, ControlRequest } from '../../lib/ops/control-socket.ts';

export function ordersTo(destinations: readonly Destination[]): Readonly<Record<string, ControlCommand>> {
  return {
    'breaker.hold': (request) => {
      for (const one of named(destinations, request)) one.hold(String(request.reason ?? ''));
    },
    'breaker.release': (request) => {
      for (const one of named(destinations, request)) one.release();
    },
  };
}

/** The destinations that a request names. Throws if there is none of a name: nothing is then changed. */
function named(destinations: readonly Destination[], { destinations: names }: ControlRequest): Destination[] {
  if (!Array.isArray(names)) throw new TypeError('destinations: a list of names');
  return names.map((name) => {
    const found = destinations.find((one) => one.name === name);
    if (found === undefined) throw new TypeError(`the running reader has no destination "${name}"`);
    return found;
  });
}
