/** What `sensorctl` may order a running reader to do (docs/decisions/0009-orders-through-a-socket-looks-through-files.md). */

import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { isSeq } from '../../lib/flow/reading.ts';
import { countOf, type SeqRanges } from '../../lib/flow/seq-ranges.ts';
import type { Destination } from '../../lib/flow/sync/destination.ts';
import type { ControlCommand, ControlRequest } from '../../lib/ops/control-socket.ts';

export function ordersTo(
  destinations: readonly Destination[],
  outbox: Pick<Outbox, 'redrive' | 'dropDeadLetters' | 'compact' | 'reconcile'>,
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
    'outbox.reconcile': (request) => {
      const stream = String(request.stream ?? '');
      const compared = { missing: rangesOf(request.missing), received: rangesOf(request.received) };
      const again = total(request, (name) => countOf(outbox.reconcile(name, stream, compared).again));
      for (const one of named(destinations, request)) one.nudge();
      return again;
    },
  };
}

/** `null` means all. */
function seqOf({ seq }: ControlRequest): number | undefined {
  if (seq === null) return undefined;
  if (isSeq(seq)) return seq;
  throw new TypeError('seq: a seq, or null for all');
}

function rangesOf(thing: unknown): SeqRanges {
  if (!Array.isArray(thing)) throw new TypeError('missing, received: lists of ranges [lo, hi]');
  return thing.map((one) => {
    if (Array.isArray(one) && isSeq(one[0]) && isSeq(one[1]) && one[0] <= one[1]) return [one[0], one[1]];
    throw new TypeError('a range is [lo, hi], two seqs in order');
  });
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
