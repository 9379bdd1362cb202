/**
 * A channel of notifications does not get through. Its ticket is told on the others: where there are none, `status` has
 * it.
 */

import type { Invariant } from './invariant.ts';

/** By then it was tried five times, and whatever restarts over there has done so. */
const FAILING_MS = 300_000;
const TRIES = 3;
const MINUTE_MS = 60_000;

export const notifyFailing: Invariant = {
  name: 'notify_failing',
  about: 'every channel of notifications gets through',
  severity: 'warning',
  hint: 'sensorctl notify test; sensorctl doctor --step systemd',
  // Each failure was one of a try, with pauses between: there is nothing to wait for besides.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: ({ channels = [] }) => channels.map(({ name }) => name),
  judge({ subject, look: { channels } }) {
    if (channels === undefined) return 'unknown';
    const channel = channels.find(({ name }) => name === subject);
    if (channel === undefined) return 'gone';
    const { failures, failingMs, reason } = channel;
    if (failingMs === undefined) return 'whole';
    if (failingMs < FAILING_MS || failures < TRIES) return 'unknown';
    const since = `${Math.floor(failingMs / MINUTE_MS)} min`;
    return {
      title: `nothing has got through on ${subject} for ${since}: ${reason}`,
      evidence: { failures, reason },
      hint: `sensorctl notify test ${subject}; sensorctl doctor --step systemd`,
    };
  },
};
