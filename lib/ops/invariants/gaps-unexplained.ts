/** What the store lacks, nothing brings and nobody has named: the one thing that must never be. */

import { type Invariant, ONLY_ONE } from './invariant.ts';

export const gapsUnexplained: Invariant = {
  name: 'gaps_unexplained',
  about: 'every reading that was accepted here is stored, waits, or is in a ledger with its cause',
  severity: 'critical',
  hint: 'sensorctl gaps; sensorctl verify',
  // The two files are read one after the other, and one may be restored in between; minutes later it is not.
  opens: { seen: 2, of: 2 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { gaps } }) {
    if (gaps === undefined) return 'unknown';
    const { unexplained, ranges } = gaps;
    if (unexplained === 0) return 'whole';
    return {
      title: `the store lacks ${unexplained === 1 ? 'a reading' : `${unexplained} readings`} that nobody can explain`,
      evidence: { unexplained, ranges },
    };
  },
};
