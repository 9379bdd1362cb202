/**
 * The quiet hours of a destination: until they are over no request is begun, whatever waits. Nothing else knows of
 * them: a breaker is as they found it, and sampling goes on at its pace.
 */

import type { Quiet, QuietHours } from '../../base/quiet-hours.ts';
import type { Observe } from '../flow-event.ts';

export interface QuietDelivery {
  /** Until when to send nothing, in monotonic ms; in the past if it is not quiet. */
  untilMono(): number;
  now(): Quiet | undefined;
  /** Tells if they have begun or ended since the last look. */
  look(): void;
}

export function createQuietDelivery(
  destination: string,
  hours: QuietHours | undefined,
  observe: Observe,
): QuietDelivery {
  const names = [destination];
  const now = () => hours?.now();
  let wasQuiet = false;

  return {
    now,
    untilMono: () => now()?.untilMono ?? Number.NEGATIVE_INFINITY,
    look() {
      const quiet = now();
      if ((quiet !== undefined) === wasQuiet) return;
      wasQuiet = quiet !== undefined;
      if (quiet === undefined) observe({ type: 'quiet_hours.ended', of: 'delivery', names });
      else {
        const { untilAt, words } = quiet;
        observe({ type: 'quiet_hours.began', of: 'delivery', names, untilAt, words });
      }
    },
  };
}
