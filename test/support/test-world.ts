/** A `World` that the test owns: virtual clock, seeded chance, recorded events. */

import type { World } from '../../lib/flow/flow-event.ts';
import { createEventRecorder, type EventRecorder } from './event-recorder.ts';
import { createSeededRandom } from './seeded-random.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface TestWorld extends World {
  readonly clock: VirtualClock;
  readonly recorder: EventRecorder;
}

export function createTestWorld(options: { seed?: number; wallMs?: number } = {}): TestWorld {
  const recorder = createEventRecorder();
  const clock = createVirtualClock(options.wallMs === undefined ? {} : { wallMs: options.wallMs });
  return { clock, random: createSeededRandom(options.seed ?? 1), observe: recorder.observe, recorder };
}
