/**
 * The circuit breaker of one destination: what each outcome says about its health, where the record is kept (in
 * the outbox), and what is observed. How it opens and closes is in `lib/base/breaker.ts`.
 */

import {
  type Breaker as BreakerOf,
  type BreakerOptions,
  type BreakerRecord,
  type BreakerStatus,
  createBreaker as createBreakerOf,
} from '../../base/breaker.ts';
import { unlessDamaged } from '../../base/damaged-file.ts';
import type { World } from '../flow-event.ts';
import type { DeliveryOutcome } from './delivery-outcome.ts';
import { unlessDiskFails } from './unless-disk-fails.ts';

export type { BreakerOptions, BreakerStatus };
export type Breaker = BreakerOf<DeliveryOutcome>;

export interface BreakerDeps {
  /** The destination's name, for events. */
  readonly name: string;
  readonly world: World;
  /** Where the record is kept: the outbox, bound to this destination. */
  readonly load: () => BreakerRecord | undefined;
  readonly save: (record: BreakerRecord) => void;
}

export function createBreaker(
  { name, world, load, save }: BreakerDeps,
  options: BreakerOptions = {},
): Breaker {
  const { clock, random, observe } = world;
  return createBreakerOf<DeliveryOutcome>(
    {
      name,
      clock,
      random,
      failureOf: (outcome) => (outcome.kind === 'unavailable' ? outcome : undefined),
      load,
      // Without the record a restart starts over with three failures: no reason to stop delivering, which is what
      // frees a full disk. Damage ends the program anyhow; thrown here, in the middle of opossum's own work, it would
      // leave a call that never settles.
      save: (record) => unlessDamaged(() => unlessDiskFails(() => save(record))),
      onOpened: (opening) => observe({ type: 'breaker.opened', destination: name, ...opening }),
      onHalfOpened: () => observe({ type: 'breaker.half_opened', destination: name }),
      onClosed: (openMs) => observe({ type: 'breaker.closed', destination: name, openMs }),
    },
    options,
  );
}
