/**
 * A machine whose power fails again and again comes up each time, and all looks well in between. The outbox remembers
 * across boots which runs were cut off; a person who reboots ends them in good order, and is not counted.
 */

import { powerOnOf } from '../../base/boot-id.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

const WINDOW_MS = 3_600_000;
/** A plug that was pulled by mistake is pulled once, and pulled again when it is put right. */
const BOOTS_MAX = 3;

export const bootsOften: Invariant = {
  name: 'boots_often',
  about: `the machine has not come up ${BOOTS_MAX} times or more within an hour without having been shut down before`,
  severity: 'critical',
  hint: 'A supply and a cable made for this machine; sensorctl doctor --step power; journalctl --list-boots; last -x -n 20',
  // It is a count over an hour, and the machine may not be up for a second look.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { account, at } }) {
    if (account === undefined) return 'unknown';
    const lately = account.cutOffs.filter((one) => Math.abs(at - one.at) < WINDOW_MS);
    // A reader that is killed again and again within one boot is another trouble, whether or not the machine sleeps.
    const boots = new Map(lately.map((one) => [powerOnOf(one.bootId), one.at]));
    if (boots.size < BOOTS_MAX) return 'whole';
    return {
      title: `the machine has come up ${boots.size} times within an hour without having been shut down before`,
      evidence: { boots: [...boots.values()].map((bootAt) => new Date(bootAt).toISOString()) },
    };
  },
};
