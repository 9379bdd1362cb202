/** Loops as they are, until the sampling loop waits for something that never settles. */

import { createLoop as createRealLoop } from '/opt/sensor-gateway/current/dist/lib/base/loop.js';
import { fault } from './fault.js';

export * from '/opt/sensor-gateway/current/dist/lib/base/loop.js';

export function createLoop(options) {
  if (options.name !== 'sampling' || fault.name !== 'never-settles') return createRealLoop(options);
  return createRealLoop({
    ...options,
    turn: (stopping) => (fault.active ? new Promise(() => {}) : options.turn(stopping)),
  });
}
