/** A supply or cable that is too weak damages cards and confuses sensors long before the machine goes down. */

import { POWER_FIX } from '../doctor/checks/power-supply.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const underVoltage: Invariant = {
  name: 'under_voltage',
  about: 'the firmware of a Raspberry Pi sees enough voltage',
  severity: 'critical',
  hint: POWER_FIX,
  // A motor that starts pulls it down for a second.
  opens: { seen: 2, of: 4 },
  resolvesAfter: 10,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { machine } }) {
    if (machine?.power === undefined) return 'unknown';
    if (!machine.power.includes('under-voltage')) return 'whole';
    return { title: 'the voltage of the supply is too low', evidence: { power: machine.power } };
  },
};
