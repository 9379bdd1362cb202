/** The outbox was full: what had to go is named in the ledger, and somebody must hear of it. */

import { type Case, type Invariant, ONLY_ONE } from './invariant.ts';
import type { ReaderLook } from './look.ts';
import { grownBy } from './past.ts';

const WINDOW_MS = 3_600_000;

export const readingsGivenUp: Invariant = {
  name: 'readings_given_up',
  about: 'no reading was given up or thinned for lack of room within an hour',
  severity: 'critical',
  hint: 'sensorctl gaps; sensorctl outbox stat; df -h',
  // Readings that are gone do not come back.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: () => ONLY_ONE,
  judge(one) {
    const grown = (kind: keyof ReaderLook['counts']) => grownOf(one, kind);
    const [lost, shed, thinned] = [grown('dropped'), grown('shed'), grown('thinned')];
    if (lost === undefined || shed === undefined || thinned === undefined) return 'unknown';
    const said = [
      [lost, 'lost because neither disk nor memory took them'],
      [shed, 'given up because the outbox was full'],
      [thinned, 'thinned to means because the outbox was full'],
    ] as const;
    const words = said.flatMap(([count, what]) => (count === 0 ? [] : [`${count} readings ${what}`]));
    if (words.length === 0) return 'whole';
    return {
      title: `within an hour ${words.join(', ')}`,
      evidence: { lost, shed, thinned },
      // Coverage with less resolution is no loss.
      severity: lost + shed > 0 ? 'critical' : 'warning',
    };
  },
};

function grownOf(one: Case, kind: keyof ReaderLook['counts']): number | undefined {
  return grownBy(one, WINDOW_MS, ({ reader }) => reader?.counts[kind]);
}
