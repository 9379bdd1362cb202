/** A destination as configured, connected: its HTTP adapter, its token and authority, its lanes, its handshake. */

import type { Loop, Pulse } from '../../lib/base/loop.ts';
import type { World } from '../../lib/flow/flow-event.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { createHttpDelivery } from '../../lib/flow/sync/deliver.ts';
import { createDestination, type Destination } from '../../lib/flow/sync/destination.ts';
import { createHandshake } from '../../lib/flow/sync/handshake.ts';
import { type Config, type DestinationConfig, isLoopback } from './config.ts';
import type { Secrets } from './secrets.ts';
import { VERSION } from './version.ts';

export { readSecrets } from './secrets.ts';

export interface Link {
  readonly destination: Destination;
  readonly handshake: Loop;
  /** On this machine: its health file can be seen. */
  readonly local: boolean;
  close(): Promise<void>;
}

export interface LinkDeps {
  readonly config: Config;
  readonly world: World;
  readonly outbox: Outbox;
  readonly pulse: Pulse;
}

export function connectLink(options: DestinationConfig, secrets: Secrets, deps: LinkDeps): Link {
  const { config, world, outbox, pulse } = deps;
  const http = createHttpDelivery({ url: options.url, clock: world.clock, version: VERSION, ...secrets });
  const destination = createDestination(
    { name: options.name, outbox, deliver: http.deliver, world, pulse },
    {
      failuresToOpen: config.breaker.failures,
      stepsMs: config.breaker.pausesMs,
      order: config.drain.order,
      drainShare: config.drain.share,
      liveDeadlineMs: options.requestTimeoutMs,
      backfillDeadlineMs: options.batchTimeoutMs,
    },
  );
  const handshake = createHandshake({
    name: options.name,
    outbox,
    readStream: http.readStream,
    contacted: () => destination.status().lastOutcome?.kind === 'stored',
    world,
    pulse,
    onResend: () => destination.nudge(),
  });
  const local = isLoopback(new URL(options.url).hostname);
  return { destination, handshake, local, close: () => http.close() };
}
