/** A destination as configured, connected: its HTTP adapter, its token and authority, its lanes, its handshake. */

import type { Loop, Pulse } from '../../lib/base/loop.ts';
import type { QuietHours } from '../../lib/base/quiet-hours.ts';
import type { World } from '../../lib/flow/flow-event.ts';
import type { MissedOutbox } from '../../lib/flow/outbox/account.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { createDestination, type Destination } from '../../lib/flow/sync/destination.ts';
import { createHandshake } from '../../lib/flow/sync/handshake.ts';
import { isLocalUrl } from './api-settings.ts';
import type { Config, DestinationConfig } from './config.ts';
import type { Secrets } from './secrets.ts';
import type { Surroundings } from './surroundings.ts';
import { VERSION } from './version.ts';

export { readSecrets } from './secrets.ts';

export interface Link {
  readonly destination: Destination;
  readonly handshake: Loop;
  /** On this machine: its health file can be seen. */
  readonly local: boolean;
  /** As of `HttpDelivery`. */
  isLookingUp(): boolean;
  close(): Promise<void>;
}

export interface LinkDeps {
  readonly config: Config;
  readonly world: World;
  readonly surroundings: Pick<Surroundings, 'connect' | 'cadence'>;
  readonly outbox: Outbox;
  readonly pulse: Pulse;
  readonly missed: readonly MissedOutbox[];
  /** When it is sent nothing. */
  readonly quiet: QuietHours | undefined;
}

export function connectLink(options: DestinationConfig, secrets: Secrets, deps: LinkDeps): Link {
  const { config, world, outbox, pulse, quiet } = deps;
  const { connect, cadence } = deps.surroundings;
  const local = isLocalUrl(options.url);
  const http = connect({
    url: options.url,
    compress: !local,
    clock: world.clock,
    version: VERSION,
    ...secrets,
  });
  const destination = createDestination(
    { name: options.name, outbox, deliver: http.deliver, world, pulse },
    {
      failuresToOpen: config.breaker.failures,
      stepsMs: config.breaker.pausesMs,
      order: config.drain.order,
      drainShare: config.drain.share,
      liveDeadlineMs: options.requestTimeoutMs,
      backfillDeadlineMs: options.batchTimeoutMs,
      quiet,
      everyMs: cadence.laneMs,
    },
  );
  const handshake = createHandshake({
    name: options.name,
    outbox,
    missed: deps.missed,
    readStream: http.readStream,
    everyMs: cadence.laneMs,
    // In quiet hours it is sent no question either.
    contacted: () => quiet?.now() === undefined && destination.status().lastOutcome?.kind === 'stored',
    world,
    pulse,
    onResend: () => destination.nudge(),
  });
  return { destination, handshake, local, isLookingUp: http.isLookingUp, close: () => http.close() };
}
