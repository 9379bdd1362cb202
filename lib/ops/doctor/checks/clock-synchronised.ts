/** Without a clock that somebody vouches for, readings wait for one, and are sent with a mark after a while. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';

export const clockSynchronised: Check = {
  name: 'clock-synchronised',
  step: 'clock',
  asks: 'does a time service vouch for the clock?',
  async run(probe, { clockHoldMs }) {
    if ((await probe.stat('/run/systemd/timesync/synchronized')) !== undefined) {
      return pass('systemd-timesyncd has synchronised it');
    }
    const asked = await probe.run('timedatectl', ['show', '--property=NTP,NTPSynchronized']);
    if (asked === undefined || asked.code !== 0) return notApplicable('nothing here could say so');
    if (/^NTPSynchronized=yes$/m.test(asked.stdout)) return pass('a time service has synchronised it');
    const off = /^NTP=no$/m.test(asked.stdout);
    const seen = off
      ? 'no time service is at work'
      : 'a time service is at work and has not synchronised it yet';
    const wait =
      clockHoldMs === 0
        ? 'readings are'
        : `readings wait ${clockHoldMs / 1_000} s (clock.hold) for it after each boot, and are then`;
    return warn(
      `${seen}: ${wait} sent with a mark`,
      off
        ? 'sudo timedatectl set-ntp true (no such service: sudo apt-get install systemd-timesyncd)'
        : 'timedatectl timesync-status; is the network there, and UDP port 123 open?',
    );
  },
};
