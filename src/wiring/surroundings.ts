/**
 * What a program meets beside its own files: the way to others, the sensors, who vouches for the clock, the doors
 * through which it can be reached, and how often it looks after itself. The real ones are below. A simulation of
 * months hands in its own, and everything else of a program is then the same code.
 */

import type { HttpServer, ListenAddress } from '../../lib/base/http/http-server.ts';
import type { ClockTrust } from '../../lib/base/steady-wall.ts';
import type { UnixListener } from '../../lib/base/unix-listener.ts';
import {
  type CreateSourcesDeps,
  createSources,
  type SourceOptions,
  type Sources,
} from '../../lib/flow/acquire/sources/create-sources.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import {
  createHttpDelivery,
  type HttpDelivery,
  type HttpDeliveryOptions,
} from '../../lib/flow/sync/deliver.ts';
import { type ClockTrustOptions, createClockTrust } from '../../lib/ops/clock-trust.ts';
import { type ControlCommand, createControlSocket } from '../../lib/ops/control-socket.ts';
import type { Probe } from '../../lib/ops/doctor/probe.ts';
import { createSystemProbe } from '../../lib/ops/doctor/system-probe.ts';
import {
  createLookThread,
  type LookThread,
  type LookThreadOptions,
} from '../../lib/ops/monitor/look-thread.ts';
import { createProcessGauge, type ProcessGauge, type ProcessGaugeDeps } from './process-gauge.ts';

export interface Surroundings {
  /** The way to a destination. */
  connect(options: HttpDeliveryOptions): HttpDelivery;
  openSources(wanted: readonly SourceOptions[], deps: CreateSourcesDeps): Sources;
  trustClock(options: ClockTrustOptions): ClockTrust;
  /** Opens a server to whoever may reach the address. */
  listen(server: HttpServer, address: ListenAddress): Promise<{ readonly url: string }>;
  /** The same server at a name in the file system; `undefined`: there is none to listen at. */
  socketAt(server: HttpServer, path: string): UnixListener | undefined;
  /** Where orders are taken; `undefined`: nowhere. */
  controlSocket(path: string, commands: Readonly<Record<string, ControlCommand>>): UnixListener | undefined;
  gauge(deps: ProcessGaugeDeps): ProcessGauge;
  /** How the monitor looks: at files through a thread that may hang, and at what programs and addresses tell. */
  openEyes(options: LookThreadOptions): OpenedEyes;
  /** Hears what the flow reports, besides those who do in any case. */
  observe(event: FlowEvent): void;
  readonly cadence: Cadence;
}

/** How often a program looks after itself, in milliseconds; each part has a custom of its own where this says nothing. */
export interface Cadence {
  readonly beatMs?: number;
  /** At a clock that nobody vouches for. */
  readonly clockMs?: number;
  /** What lies in the outbox, when nobody has said that there is something new. */
  readonly laneMs?: number;
  readonly placeMs?: number;
  readonly peerMs?: number;
  readonly salvageMs?: number;
  readonly upkeepMs?: number;
}

export interface OpenedEyes {
  readonly thread: LookThread;
  readonly system: Pick<Probe, 'run' | 'fetch'>;
}

export const realSurroundings: Surroundings = {
  connect: createHttpDelivery,
  openSources: createSources,
  trustClock: createClockTrust,
  listen: (server, address) => server.listen(address),
  socketAt: (server, path) => server.socketAt(path),
  controlSocket: createControlSocket,
  gauge: createProcessGauge,
  openEyes: (options) => ({
    thread: createLookThread(options),
    system: createSystemProbe({ clock: options.clock, environment: process.env }),
  }),
  observe() {},
  cadence: {},
};
