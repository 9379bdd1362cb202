/** The causes of what is missing, in words. */

import type { GoneCause } from '../../lib/flow/reading.ts';
import type { SilenceCause } from '../../lib/flow/silence.ts';

export type Cause =
  | GoneCause
  | SilenceCause
  | 'thinned_not_here'
  | 'on_its_way'
  | 'not_recorded'
  | 'unexplained';

export const CAUSE_IN_WORDS: Readonly<Record<Cause, string>> = {
  shed: 'given up because the outbox was full',
  thinned: 'kept as means, because the outbox was nearly full: less resolution, no loss',
  thinned_not_here: 'thinned to means that the store does not have: on their way, or given up later',
  buried: 'refused by the write API: a dead letter',
  corrupt: 'damaged on the disk',
  rolled_back: 'lost with a database that was replaced by an older copy',
  deleted: 'lost with an outbox that somebody has deleted',
  power_off: 'the machine was off',
  reader_stopped: 'the reader was stopped',
  sensor_fault: 'the sensor gave nothing',
  quiet_hours: 'quiet hours: not read, as configured',
  removed: 'the sensor was not configured',
  paced: 'sampled less often',
  late: 'rounds were missed: the machine was busy, or the reader did not get to run',
  suspended: 'the machine slept',
  clock_set: 'the clock was set, and nothing is missing',
  dropped: 'lost: the disk did not take them',
  on_its_way: 'waits in the outbox: no gap, on its way',
  not_recorded: 'from before causes were written down',
  unexplained: 'NOT EXPLAINED',
};
