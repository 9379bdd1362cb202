/** A destination as configured, connected: its HTTP adapter, its token and authority, its lanes. */

import { readFileSync } from 'node:fs';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { Pulse } from '../../lib/base/loop.ts';
import type { World } from '../../lib/flow/flow-event.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { createHttpDelivery } from '../../lib/flow/sync/deliver.ts';
import { createDestination, type Destination } from '../../lib/flow/sync/destination.ts';
import { type Config, type DestinationConfig, isLoopback } from './config.ts';
import { VERSION } from './version.ts';

export interface Link {
  readonly destination: Destination;
  /** On this machine: its health file can be seen. */
  readonly local: boolean;
  close(): Promise<void>;
}

/** What a destination's files hold. */
export interface Secrets {
  readonly token?: string;
  readonly ca?: string;
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
  return { destination, local: isLoopback(new URL(options.url).hostname), close: () => http.close() };
}

/** Reads a destination's token and authority. Throws `SGW_CONFIG_INVALID`: to be called before anything is opened. */
export function readSecrets({ tokenFile, caFile }: DestinationConfig): Secrets {
  return {
    ...(tokenFile === undefined ? {} : { token: readSecret('token_file', tokenFile).trim() }),
    ...(caFile === undefined ? {} : { ca: readSecret('ca_file', caFile) }),
  };
}

function readSecret(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `destinations: cannot read ${setting} ${file}: ${messageOf(error)}`;
    const hint = 'The file must exist and be readable by the user who runs the gateway.';
    throw new GatewayError('SGW_CONFIG_INVALID', message, { hint, cause: error });
  }
}
