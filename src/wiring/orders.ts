/** What `sensorctl` may order a running reader to do (docs/decisions/0009-orders-through-a-socket-looks-through-files.md). */

import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { isSeq } from '../../lib/flow/reading.ts';
import type { Destination } from '../../lib/flow/sync/destination.ts';
import type { ControlCommand, ControlRequest } from '../../lib/ops/control-socket.ts';

export function ordersTo(
  destinations: readonly Destination[],
  outbox: Pick<Outbox, 'redrive' | 'dropDeadLetters' | 'compact'>,
): Readonly<Record<string, ControlCommand>> {
  /** Does it for each destination that is named, and adds up. */
  const total = (request: ControlRequest, work: (name: string) => number) =>
    named(destinations, request).reduce((sum, one) => sum + work(one.name), 0);

  return {
    'breaker.hold': (request) => {
      for (const one of named(destinations, request)) one.hold(String(request.reason ?? ''));
    },
    'breaker.release': (request) => {
      for (const one of named(destinations, request)) one.release();
    },
    'dead.redrive': (request) => {
      const redriven = total(request, (name) => outbox.redrive(name, seqOf(request)));
      for (const one of named(destinations, request)) one.nudge();
      return redriven;
    },
    'dead.drop': (request) => total(request, (name) => outbox.dropDeadLetters(name, seqOf(request))),
    'outbox.compact': () => outbox.compact(),
  };
}

/** `null` means all. */
function seqOf({ seq }: ControlRequest): number | undefined {
  if (seq === null) return undefined;
  if (isSeq(seq)) return seq;
  throw new TypeError('seq: a seq, or null for all');
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
