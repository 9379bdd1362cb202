/**
 * What the programs of a simulated world are started with: settings that a person might have made, but for a slower
 * pace, and surroundings that end at the edge of that world.
 */

import { type Config, loadConfig } from '../../src/wiring/config.ts';
import type { Cadence, Surroundings } from '../../src/wiring/surroundings.ts';
import type { Machine } from './machine.ts';
import type { Link } from './network.ts';
import { paced } from './pace.ts';
import type { ProgramHost } from './program-host.ts';
import { SENSOR_NAMES, type Sensors } from './sensors.ts';
import type { WorldPlan } from './world.ts';

export interface Circumstances {
  /** Of a start of a program on that machine. */
  configOf(host: Pick<ProgramHost, 'card'>, on: Machine): Config;
  around(on: Machine, isAlive: () => boolean, own: Pick<Surroundings, 'observe' | 'listen'>): Surroundings;
}

export interface CircumstancesDeps {
  readonly plan: WorldPlan;
  /** The machine with the sensors; the other only collects. */
  readonly machine: Machine;
  readonly links: ReadonlyMap<string, Link>;
  readonly sensors: Sensors;
  /** Whether a time service can be reached. */
  readonly hasTime: () => boolean;
  /** What a crowded outbox may hold; `undefined`: it is not. */
  readonly crowdedBytes: () => number | undefined;
}

/** Looks at itself seldom: each look costs as much as the way of a reading. */
export const CADENCE = {
  beatMs: paced(1_800_000),
  clockMs: paced(600_000),
  laneMs: paced(1_200_000),
  placeMs: paced(3_600_000),
  peerMs: paced(600_000),
  salvageMs: paced(1_800_000),
  upkeepMs: paced(1_800_000),
} satisfies Cadence;

/** What fits is an hour of it: then ten minutes of a series are thirty readings, which one row can stand for. */
export const CROWDED = { intervalMs: 20_000, sampling: 'keep', roomBytes: 48_000 } as const;

export function createCircumstances(deps: CircumstancesDeps): Circumstances {
  const { plan, machine, links, sensors } = deps;

  return {
    configOf(host, on) {
      const roomBytes = on === machine ? deps.crowdedBytes() : undefined;
      const { intervalMs, sampling } = roomBytes === undefined ? plan : CROWDED;
      const destinations = [...links].map(([name, { url }]) => `{name: ${name}, url: "${url}"}`);
      const { config } = loadConfig({
        usualFile: '/nowhere',
        hostName: on.name,
        environment: {
          SENSORGW_DATA_DIR: host.card.dir(),
          SENSORGW_RUN_DIR: on.runDir,
          SENSORGW_SOURCES: `[${SENSOR_NAMES.map((name) => `{type: simulated, name: ${name}}`).join(', ')}]`,
          SENSORGW_DESTINATIONS: `[${destinations.join(', ')}]`,
          SENSORGW_DRAIN_ORDER: plan.order,
          SENSORGW_BACKPRESSURE_SAMPLING: sampling,
          SENSORGW_OUTBOX_DISK_RESERVE: '0B',
        },
      });
      const bytesMax = roomBytes ?? plan.outboxBytesMax ?? config.outbox.bytesMax;
      return {
        ...config,
        // Slower than settings allow.
        sampling: { ...config.sampling, intervalMs },
        breaker: { ...config.breaker, pausesMs: plan.pausesMs },
        outbox: { ...config.outbox, bytesMax },
      };
    },
    around: (on, isAlive, own) => ({
      connect: (wanted: Parameters<Surroundings['connect']>[0]) => {
        const link = [...links.values()].find(({ url }) => wanted.url === url);
        if (link === undefined) throw new Error(`no way leads to ${wanted.url}`);
        return link.connect(wanted, isAlive);
      },
      openSources: sensors.open,
      trustClock: () => ({
        look: async () =>
          deps.hasTime() && Math.abs(on.wallErrorMs()) < 1_000
            ? { trusted: true, why: 'a time service vouches for it' }
            : { trusted: false, why: 'nobody vouches for it' },
      }),
      socketAt: () => undefined,
      controlSocket: () => undefined,
      gauge: () => ({ beat() {}, look: () => NO_LOOK }),
      openEyes: () => {
        throw new Error('only a monitor looks');
      },
      cadence: CADENCE,
      ...own,
    }),
  };
}

/** Of no interest here, and not the same twice. */
const NO_LOOK = {
  version: '0.0.0',
  node: '0.0.0',
  sqlite: '0.0.0',
  startedAt: 0,
  cpuSeconds: 0,
  residentBytes: 0,
  heapBytes: 0,
  memoryLimitBytes: undefined,
  openFds: undefined,
  lagSeconds: 0,
  busySeconds: 0,
  loopsOverdue: 0,
};
