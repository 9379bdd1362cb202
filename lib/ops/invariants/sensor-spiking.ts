/** A value that jumps and comes back now and then is a loose wire, or a cable that picks up what runs beside it. */

import type { Invariant } from './invariant.ts';
import type { Look } from './look.ts';
import { grownBy } from './past.ts';
import { seriesIn, seriesOf } from './suspect-series.ts';

const WINDOW_MS = 900_000;
/** One spike is a door that slams; five in a quarter of an hour have a cause that stays. */
const SPIKES_MAX = 5;

export const sensorSpiking: Invariant = {
  name: 'sensor_spiking',
  about: `no series has ${SPIKES_MAX} spikes or more within ${WINDOW_MS / 60_000} min`,
  severity: 'warning',
  hint: 'Look at the cable and the plug of the sensor; sensorctl sensors list',
  // A count over a quarter of an hour is no hiccup.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: ['sensor_silent', 'bus_stuck', 'program_silent', 'unit_failed'],
  subjects: seriesOf,
  judge(one) {
    const series = seriesIn(one.look, one.subject);
    if (typeof series === 'string' || !('metric' in series)) return series;
    const spikes = grownBy(one, WINDOW_MS, (look) => spikesOf(look, one.subject)) ?? 0;
    if (spikes < SPIKES_MAX) return 'whole';
    return {
      title: `${series.metric} of ${series.sensor} has jumped ${spikes} times within ${WINDOW_MS / 60_000} min`,
      evidence: { spikes, counts: series.counts },
    };
  },
};

/** A series that the reader does not tell of has had none; without a reader nobody knows. */
function spikesOf(look: Look, subject: string): number | undefined {
  const series = seriesIn(look, subject);
  if (series === 'whole') return 0;
  return typeof series === 'object' && 'metric' in series ? (series.counts.spike ?? 0) : undefined;
}
