/**
 * How often each gateway may ask: a bucket that fills at a steady rate and holds a burst. It keeps one sender that
 * has gone wrong, or is drained by somebody else, from taking the place of all others.
 */

import type { Clock } from '../../base/clock.ts';

export interface RateLimit {
  /** Takes a turn of `name`; if there is none, says after how many seconds there will be one. */
  take(name: string): number | undefined;
}

export interface RateLimitOptions {
  readonly perSecond: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** Of a second's turns: a reader that drains sends as fast as it is answered, and then rests. */
const BURST_S = 2;

/** For names from a list that is bounded itself: each is remembered. */
export function createRateLimit({ perSecond, clock }: RateLimitOptions): RateLimit {
  const burst = perSecond * BURST_S;
  const buckets = new Map<string, { turns: number; atMono: number }>();

  return {
    take(name) {
      const nowMono = clock.monotonicMs();
      const bucket = buckets.get(name) ?? { turns: burst, atMono: nowMono };
      buckets.set(name, bucket);
      bucket.turns = Math.min(burst, bucket.turns + ((nowMono - bucket.atMono) / 1_000) * perSecond);
      bucket.atMono = nowMono;
      if (bucket.turns < 1) return Math.max(1, Math.ceil((1 - bucket.turns) / perSecond));
      bucket.turns -= 1;
      return undefined;
    },
  };
}
