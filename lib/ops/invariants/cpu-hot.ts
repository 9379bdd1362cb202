/** A processor that is too hot is slowed down, and its card and sensors suffer with it. */

import { POWER_FIX } from '../doctor/checks/power-supply.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

/** Around the threshold it would come and go with each cloud. */
const COOLED_CELSIUS = 3;

export const cpuHot: Invariant = {
  name: 'cpu_hot',
  about: 'the processor is cooler than `invariants.temperature_celsius`',
  severity: 'warning',
  hint: POWER_FIX,
  // A minute of work heats it, and a minute of rest cools it.
  opens: { seen: 4, of: 5 },
  resolvesAfter: 6,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { machine }, limits }) {
    if (machine?.celsius === undefined) return 'unknown';
    const { celsius } = machine;
    if (celsius < limits.temperatureCelsius - COOLED_CELSIUS) return 'whole';
    if (celsius < limits.temperatureCelsius) return 'unknown';
    return { title: `the processor has ${Math.round(celsius)} °C`, evidence: { celsius } };
  },
};
