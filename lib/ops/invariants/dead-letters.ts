/** A reading that was refused for good is kept, and will not be tried again by itself: a person decides. */

import { type Invariant, ONLY_ONE } from './invariant.ts';

export const deadLetters: Invariant = {
  name: 'dead_letters',
  about: 'no reading has been refused for good and waits for a decision',
  severity: 'warning',
  hint: 'sensorctl dead list; then sensorctl dead redrive, or sensorctl dead drop',
  // They do not come and go by themselves.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { outbox } }) {
    if (outbox === undefined) return 'unknown';
    const { deadLetters: count, latestDeadLetter } = outbox;
    if (count === 0) return 'whole';
    return {
      title: `${count === 1 ? 'a reading was' : `${count} readings were`} refused for good: ${latestDeadLetter ?? 'no reason is kept'}`,
      evidence: { dead_letters: count, latest: latestDeadLetter },
    };
  },
};
