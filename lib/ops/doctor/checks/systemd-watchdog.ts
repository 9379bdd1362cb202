/** A kernel that hangs takes systemd along; only the watchdog in the hardware notices that. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';

export const systemdWatchdog: Check = {
  name: 'systemd-watchdog',
  step: 'systemd',
  asks: 'does the hardware restart a machine whose kernel hangs?',
  async run(probe) {
    if ((await probe.stat('/dev/watchdog')) === undefined)
      return notApplicable('the machine has no hardware watchdog');
    const asked = await probe.run('systemctl', ['show', '--property=RuntimeWatchdogUSec']);
    const value = /^RuntimeWatchdogUSec=(.*)$/m.exec(asked?.stdout ?? '')?.[1];
    if (value === undefined) return notApplicable('systemd does not run this machine');
    if (!/^(0|off|infinity|)$/.test(value)) return pass(`systemd feeds it, and must every ${value}`);
    return warn(
      'there is a hardware watchdog, and nobody has set it',
      `sudo install -d /etc/systemd/system.conf.d && printf '[Manager]\\nRuntimeWatchdogSec=15\\n' | sudo tee /etc/systemd/system.conf.d/60-watchdog.conf && sudo systemctl daemon-reexec`,
    );
  },
};
