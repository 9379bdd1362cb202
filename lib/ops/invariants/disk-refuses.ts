/** The disk takes no readings, and they are only in memory: a power cut now would take them along. */

import { type Invariant, ONLY_ONE } from './invariant.ts';

export const diskRefuses: Invariant = {
  name: 'disk_refuses',
  about: 'the disk takes every reading, and none waits for it in memory',
  severity: 'critical',
  hint: 'df -h; dmesg | tail; sensorctl doctor --step disk',
  // It is tried again with each round: a lock that was held for a moment is gone by the next look.
  opens: { seen: 2, of: 3 },
  resolvesAfter: 3,
  parents: ['disk_read_only', 'disk_space', 'disk_inodes', 'program_silent', 'unit_failed'],
  subjects: () => ONLY_ONE,
  judge({ look: { reader } }) {
    if (reader === undefined) return 'unknown';
    const { held } = reader;
    if (held === 0) return 'whole';
    return { title: `the disk takes no readings: ${held} are only in memory`, evidence: { held } };
  },
};
