/**
 * The times of a reading, and the remark that belongs to them. Handed to whoever reads sensors, so that all
 * readings of a run are stamped by one clock, whatever becomes of the machine's own.
 */

import type { Clock } from '../../base/clock.ts';
import type { SteadyWall } from '../../base/steady-wall.ts';
import { FLAG, type Reading } from '../reading.ts';

export type Stamp = Pick<Reading, 'at' | 'monoMs' | 'flags'>;

/** The stamp of this very moment. */
export type StampNow = () => Stamp;

export function stampFrom(wall: Pick<SteadyWall, 'moment'>): StampNow {
  return () => {
    const { at, monoMs, trusted } = wall.moment();
    return { at, monoMs, flags: trusted ? 0 : FLAG.clockUntrusted };
  };
}

/** For those who have no doubts about their clock. */
export function stampFromClock(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>): StampNow {
  return () => ({ at: Math.round(clock.wallMs()), monoMs: Math.round(clock.monotonicMs()), flags: 0 });
}
