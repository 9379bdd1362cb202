/**
 * Keeps the control socket reachable: who clears the runtime directory by hand, or a cleaner of temporary files that
 * does, takes its name away while the program goes on to listen to nobody. The health file is written anew with
 * each beat; the socket is looked after here.
 */

import type { Clock } from '../base/clock.ts';
import { createLoop, type Loop, type Pulse } from '../base/loop.ts';
import type { ControlSocket } from './control-socket.ts';

export interface ControlWatchOptions {
  readonly socket: Pick<ControlSocket, 'mend'>;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly onMended: () => void;
  /** Once for each trouble, not for each look at it. */
  readonly onFailed: (error: unknown) => void;
}

/** A person who has cleared the directory tries again after some seconds; a look costs microseconds. */
const LOOK_MS = 5_000;
/** A directory in memory answers at once. */
const TURN_MAX_MS = 5_000;

export function createControlWatch({ socket, clock, pulse, onMended, onFailed }: ControlWatchOptions): Loop {
  let isFailing = false;
  return createLoop({
    name: 'control-watch',
    clock,
    pulse,
    turnMaxMs: TURN_MAX_MS,
    async turn() {
      try {
        if (await socket.mend()) onMended();
        isFailing = false;
      } catch (error) {
        // Orders are a convenience: without them the work goes on.
        if (!isFailing) onFailed(error);
        isFailing = true;
      }
      return clock.monotonicMs() + LOOK_MS;
    },
  });
}
