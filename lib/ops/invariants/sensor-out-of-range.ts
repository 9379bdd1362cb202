/** A value that cannot be is a sensor that is broken, or in the wrong place. */

import type { Invariant } from './invariant.ts';
import { judgeLatest, seriesOf } from './suspect-series.ts';

export const sensorOutOfRange: Invariant = {
  name: 'sensor_out_of_range',
  about: 'every value is within the range of its series',
  severity: 'warning',
  hint: 'sensorctl sensors read SOURCE; is it mounted where it should be? Other limits: quality in docs/sensors.md',
  // One value may be a loose wire, and the sun is on a sensor for minutes: three looks are a minute and a half.
  opens: { seen: 3, of: 5 },
  resolvesAfter: 6,
  parents: ['sensor_silent', 'bus_stuck', 'program_silent', 'unit_failed'],
  subjects: seriesOf,
  judge: (one) => judgeLatest(one, 'range', 'is out of range'),
};
