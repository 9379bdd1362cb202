/** A breaker on virtual time whose record is kept in memory, and outcomes to fire at it. */

import type { BreakerRecord } from '../../lib/flow/outbox/outbox.ts';
import { type BreakerOptions, createBreaker } from '../../lib/flow/sync/breaker.ts';
import type { DeliveryOutcome } from '../../lib/flow/sync/delivery-outcome.ts';
import { createTestWorld } from './test-world.ts';

export const STORED: DeliveryOutcome = {
  kind: 'stored',
  answer: { stored: [[1, 1]], duplicate: [], refused: [] },
};
export const REFUSED: DeliveryOutcome = { kind: 'refused', code: 'BAD', message: 'no', tooLarge: false };
export const MISCONFIGURED: DeliveryOutcome = { kind: 'misconfigured', reason: 'HTTP 401' };
export const DOWN: DeliveryOutcome = { kind: 'unavailable', reason: 'connect ECONNREFUSED' };

export function breakerRig(options: BreakerOptions & { seed?: number } = {}) {
  const world = createTestWorld({ seed: options.seed ?? 1 });
  const kept: { record: BreakerRecord | undefined; writes: number } = { record: undefined, writes: 0 };
  const start = () =>
    createBreaker(
      {
        name: 'local',
        world,
        load: () => kept.record,
        save: (record) => {
          kept.record = record;
          kept.writes += 1;
        },
      },
      options,
    );
  const breaker = start();
  return { world, breaker, kept, restart: start, clock: world.clock, recorder: world.recorder };
}

/** Fires once; says what became of it and whether the attempt was made at all. */
export async function fire(breaker: ReturnType<typeof createBreaker>, outcome: DeliveryOutcome) {
  let made = false;
  const result = await breaker.fire(async () => {
    made = true;
    return outcome;
  });
  return { made, result };
}

/** Opens it and waits until the pause is over, to just before the probe. */
export async function openAndWait({ breaker, clock }: ReturnType<typeof breakerRig>) {
  for (let i = 0; i < 3; i += 1) await fire(breaker, DOWN);
  await clock.advance(breaker.dueMono() - clock.monotonicMs());
}
