/** Raspberry Pi OS keeps the journal in memory: after a reboot nobody can read what led to it. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';

const DROP_IN = '/etc/systemd/journald.conf.d/60-keep.conf';

export const systemdJournal: Check = {
  name: 'systemd-journal',
  step: 'systemd',
  asks: 'does the journal outlive a reboot?',
  async run(probe) {
    const [kept, fleeting] = await Promise.all([
      probe.list('/var/log/journal'),
      probe.list('/run/log/journal'),
    ]);
    if (kept !== undefined && kept.length > 0) return pass('/var/log/journal keeps it');
    if (fleeting === undefined || fleeting.length === 0) return notApplicable('there is no journal');
    return warn(
      'the journal is in memory and gone after a reboot; what the gateway must know is in its database either way',
      `sudo install -d ${DROP_IN.replace(/\/[^/]*$/, '')} && printf '[Journal]\\nStorage=persistent\\nSystemMaxUse=64M\\n' | sudo tee ${DROP_IN} && sudo systemctl restart systemd-journald (it writes to the card)`,
    );
  },
};
