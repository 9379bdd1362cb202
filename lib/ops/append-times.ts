/** How long the latest appends to the outbox took: each is one sync of the disk, and a card that wears out gets slower. */

import type { FlowEvent, Observe } from '../flow/flow-event.ts';

export interface AppendTimes {
  readonly observe: Observe;
  /** Of the latest rounds, in milliseconds; `undefined` before there were enough. */
  snapshot(): { readonly median_ms: number; readonly slowest_ms: number } | undefined;
}

/** Ten minutes at the usual interval: a card that tidies up for a few seconds does not move their median. */
const APPENDS_MAX = 60;
/** A start reads what it needs into memory: its first appends say little. */
const APPENDS_MIN = 12;

export function createAppendTimes(): AppendTimes {
  let latest: readonly number[] = [];
  return {
    observe(event: FlowEvent) {
      if (event.type === 'outbox.appended') latest = [...latest, event.durationMs].slice(-APPENDS_MAX);
    },
    snapshot() {
      if (latest.length < APPENDS_MIN) return undefined;
      const sorted = latest.toSorted((a, b) => a - b);
      const tenths = (ms: number | undefined) => Math.round((ms ?? 0) * 10) / 10;
      return { median_ms: tenths(sorted[Math.floor(sorted.length / 2)]), slowest_ms: tenths(sorted.at(-1)) };
    },
  };
}
