/** The firmware slows the processor down, for heat or for power: everything takes longer. */

import { POWER_FIX } from '../doctor/checks/power-supply.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const cpuThrottled: Invariant = {
  name: 'cpu_throttled',
  about: 'the firmware of a Raspberry Pi does not slow the processor down',
  severity: 'warning',
  hint: POWER_FIX,
  // At its limit it comes and goes with the load.
  opens: { seen: 4, of: 6 },
  resolvesAfter: 10,
  parents: ['under_voltage', 'cpu_hot'],
  subjects: () => ONLY_ONE,
  judge({ look: { machine } }) {
    if (machine?.power === undefined) return 'unknown';
    const slowed = machine.power.filter((one) => one !== 'under-voltage');
    if (slowed.length === 0) return 'whole';
    return {
      title: `the processor is slowed down: ${slowed.join(', ')}`,
      evidence: { power: machine.power, celsius: machine.celsius },
    };
  },
};
