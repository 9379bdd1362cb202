/** A clock that shows a time before this version was made is wrong, whoever vouches for it. */

import { type Check, fail, pass } from '../finding.ts';

export const clockFloor: Check = {
  name: 'clock-floor',
  step: 'clock',
  asks: 'is the time possible?',
  async run(_probe, { nowMs, floorAt }) {
    const seen = new Date(nowMs).toISOString();
    if (nowMs >= floorAt) return pass(seen);
    return fail(
      `${seen} is before ${new Date(floorAt).toISOString().slice(0, 10)}, when this version was made`,
      'sudo timedatectl set-ntp true; without a network: sudo date -s "YYYY-MM-DD hh:mm"',
    );
  },
};
