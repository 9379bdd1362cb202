/** A sensor that gives the same value for ever has hung, however plausible the value is. */

import type { Invariant } from './invariant.ts';
import { judgeLatest, seriesOf } from './suspect-series.ts';

export const sensorStuck: Invariant = {
  name: 'sensor_stuck',
  about: 'no value has stood still for longer than its quality limits allow',
  severity: 'warning',
  hint: 'sensorctl sensors read SOURCE; power the sensor off and on. A value that may stand still: quality in docs/sensors.md',
  // The check itself waits for hours of the same value; this only skips the moment of a change.
  opens: { seen: 2, of: 3 },
  resolvesAfter: 4,
  parents: ['sensor_silent', 'bus_stuck', 'program_silent', 'unit_failed'],
  subjects: seriesOf,
  judge: (one) => judgeLatest(one, 'unchanged', 'stands still'),
};
