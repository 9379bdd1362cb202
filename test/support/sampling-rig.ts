/** A running sampling loop on a virtual clock, with sources that do as a test tells them. */

import { onTestFinished } from 'vitest';
import type { Pulse } from '../../lib/base/loop.ts';
import {
  createSamplingLoop,
  type SamplingLoop,
  type SamplingOptions,
} from '../../lib/flow/acquire/sampling-loop.ts';
import type { Measurement, SensorSource } from '../../lib/flow/acquire/sensor-source.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

export const noPulse: Pulse = { promise: () => {}, release: () => {} };

/** A source that answers at once, unless `read` says otherwise. */
export function source(name: string, over: Partial<SensorSource> = {}): SensorSource {
  return { name, deadlineMs: 2_000, read: async () => [reported(name)], ...over };
}

export function reported(sensor: string, over: Partial<Measurement> = {}): Measurement {
  return { sensor, metric: 'temperature', unit: 'celsius', value: 20, ...over };
}

export interface SamplingRig {
  readonly world: TestWorld;
  readonly loop: SamplingLoop;
  /** What each call of append was given. */
  readonly rounds: Reading[][];
  stop(): Promise<void>;
}

export function startSampling(
  sources: readonly SensorSource[],
  over: {
    world?: TestWorld;
    intervalMs?: number;
    append?: (readings: readonly Reading[]) => void;
    pulse?: Pulse;
    appraiser?: SamplingOptions['appraiser'];
  } = {},
): SamplingRig {
  const world = over.world ?? createTestWorld();
  const rounds: Reading[][] = [];
  const loop = createSamplingLoop({
    sources,
    world,
    pulse: over.pulse ?? noPulse,
    intervalMs: over.intervalMs ?? 10_000,
    ...(over.appraiser && { appraiser: over.appraiser }),
    append: (readings) => {
      over.append?.(readings);
      rounds.push([...readings]);
    },
  });
  const ended = loop.run();
  const stop = async () => {
    loop.stop();
    await world.clock.advance(60_000);
    await ended;
  };
  onTestFinished(stop);
  return { world, loop, rounds, stop };
}

export const sensorsOf = (round: readonly Reading[] | undefined) => round?.map((reading) => reading.sensor);
