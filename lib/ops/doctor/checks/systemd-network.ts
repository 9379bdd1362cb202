/** The unit of the monitor reaches this machine alone, as it is shipped; some of what it can be told to do is elsewhere. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';

const MONITOR = 'sensor-monitor.service';
const NETWORK_DROP_IN = `/etc/systemd/system/${MONITOR}.d/60-network.conf`;
/** `localhost` as systemd shows it. */
const OWN = ['127.0.0.0/8', '::1/128'];
const EVERYTHING = ['0.0.0.0/0', '::/0'];

export const systemdNetwork: Check = {
  name: 'systemd-network',
  step: 'systemd',
  asks: 'may the monitor reach whom it has to tell or to ask on other machines?',
  async run(probe, { clone, elsewhere = [], packageDir }) {
    if (clone) return notApplicable('it is run by npm start');
    if (elsewhere.length === 0) return notApplicable('all that it has to reach is on this machine');
    const asked = await probe.run('systemctl', [
      'show',
      MONITOR,
      '--property=LoadState,IPAddressDeny,IPAddressAllow',
    ]);
    const valuesOf = (name: string) =>
      (new RegExp(`^${name}=(.*)$`, 'm').exec(asked?.stdout ?? '')?.[1] ?? '').split(' ').filter(Boolean);
    if (valuesOf('LoadState')[0] !== 'loaded') return notApplicable(`systemd does not run ${MONITOR}`);
    const denied = EVERYTHING.some((one) => valuesOf('IPAddressDeny').includes(one));
    const allowed = valuesOf('IPAddressAllow').filter((one) => !OWN.includes(one));
    if (!denied) return pass(`${MONITOR} may reach other machines: ${elsewhere.join(', ')}`);
    // Which of them those addresses are, whoever wrote them down knows.
    if (allowed.length > 0) return pass(`${MONITOR} may reach ${allowed.join(' ')}: ${elsewhere.join(', ')}`);
    return warn(
      `${MONITOR} may reach this machine alone, and not: ${elsewhere.join(', ')}`,
      `sudo install -Dm644 ${packageDir}/deploy/monitor-network.conf ${NETWORK_DROP_IN} && sudo systemctl daemon-reload && sudo systemctl restart sensor-monitor`,
    );
  },
};
