/** What cannot be looked at is not well: a disk that hangs, a file that may not be read, a service that does not answer. */

import type { Invariant } from './invariant.ts';
import { LOOK_PARTS } from './look.ts';

export const lookUnanswered: Invariant = {
  name: 'look_unanswered',
  about: 'each part of a look gives an answer in time',
  severity: 'warning',
  hint: 'sensorctl doctor; does a disk or a mount hang? findmnt; dmesg | tail',
  // A busy machine may miss one; in two minutes it is none.
  opens: { seen: 4, of: 5 },
  resolvesAfter: 5,
  parents: [],
  subjects: () => LOOK_PARTS,
  judge({ subject, look }) {
    const part = LOOK_PARTS.find((one) => one === subject);
    if (part === undefined) return 'gone';
    const silent = look.unanswered.find((one) => one.part === part);
    if (silent === undefined) return 'whole';
    return {
      title: `the monitor cannot look at ${part}: ${silent.why}`,
      evidence: { why: silent.why },
      // Others have this name for subjects of their own.
      explains: [],
    };
  },
};
