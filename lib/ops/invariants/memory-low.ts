/** Memory for a shell over SSH: the machine must stay reachable whatever runs on it. */

import { mib } from '../doctor/checks/disk-space.ts';
import { MEMORY_FIX } from '../doctor/checks/memory-available.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

/** With a third of the time spent on waiting for memory, nothing on the machine is in time any more. */
const PRESSURE_MAX = 30;

export const memoryLow: Invariant = {
  name: 'memory_low',
  about: `more than \`invariants.memory_available\` of memory is available, and less than ${PRESSURE_MAX} % of the time is spent waiting for it`,
  severity: 'warning',
  hint: MEMORY_FIX,
  // An update of the packages takes much for a minute or two.
  opens: { seen: 5, of: 6 },
  resolvesAfter: 6,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { machine }, limits }) {
    if (machine?.availableBytes === undefined) return 'unknown';
    const { availableBytes, memoryBytes = 0, memoryPressure = 0 } = machine;
    const evidence = {
      available_bytes: availableBytes,
      memory_bytes: memoryBytes,
      pressure_percent: memoryPressure,
    };
    if (availableBytes < limits.memoryAvailable)
      return { title: `only ${mib(availableBytes)} of ${mib(memoryBytes)} memory are available`, evidence };
    if (memoryPressure < PRESSURE_MAX) return 'whole';
    return { title: `${Math.round(memoryPressure)} % of the time is spent waiting for memory`, evidence };
  },
};
