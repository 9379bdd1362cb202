/**
 * The loop that carries on what a store does for itself: rolling up, removing what is old, emptying its log,
 * bringing back what a damaged file held. One bounded step a turn, and a pause of several times its length, so that
 * a request that arrives meanwhile waits for one step at most and finds the store free most of the time.
 */

import type { Clock } from '../../../base/clock.ts';
import { createLoop, type Loop, type Pulse } from '../../../base/loop.ts';
import { StoreFault } from '../readings-store.ts';

export interface KeptStore {
  /** One bounded step; whether there is more to do. Throws `StoreFault` when it cannot be done now. */
  maintain(): Promise<boolean>;
}

export interface UpkeepDeps {
  readonly store: KeptStore;
  /** Between two steps when there was nothing to do; a minute if left out. */
  readonly everyMs?: number | undefined;
  readonly clock: Clock;
  readonly pulse: Pulse;
}

/** Longer than a step takes on the slowest card, with its sync. */
const TURN_MAX_MS = 60_000;
/** A quarter of the time of one core at most. */
const REST_FACTOR = 3;
const REST_MIN_MS = 20;
/** What comes to be done comes slowly. */
const EVERY_MS = 60_000;

export function createStoreUpkeep({ store, everyMs = EVERY_MS, clock, pulse }: UpkeepDeps): Loop {
  async function turn(): Promise<number> {
    const startedMono = clock.monotonicMs();
    try {
      const more = await store.maintain();
      const spentMs = clock.monotonicMs() - startedMono;
      return clock.monotonicMs() + (more ? Math.max(REST_MIN_MS, REST_FACTOR * spentMs) : everyMs);
    } catch (error) {
      // Whoever sends readings meets the same fault, and says it.
      if (!(error instanceof StoreFault)) throw error;
      return clock.monotonicMs() + everyMs;
    }
  }

  return createLoop({ name: 'store upkeep', clock, pulse, turnMaxMs: TURN_MAX_MS, turn });
}
