/** Whether the services run, or what ended them. */

import { type Check, type Finding, fail, notApplicable, pass, warn } from '../finding.ts';
import { services, type UnitState } from '../units.ts';

/** A wrong configuration or installation, as in sysexits.h: systemd does not try again. */
const EXIT_CONFIG = '78';

export const systemdState: Check = {
  name: 'systemd-state',
  step: 'systemd',
  asks: 'do the services run, and have they kept running?',
  async run(probe, subject) {
    const states = await services(probe, subject);
    if (typeof states === 'string') return notApplicable(states);
    const present = states.filter(([, { LoadState }]) => LoadState === 'loaded');
    const findings = present.map(([unit, state]) => judged(unit, state));
    const worst =
      findings.find(({ verdict }) => verdict === 'fail') ??
      findings.find(({ verdict }) => verdict === 'warn');
    if (worst !== undefined) return worst;
    return pass(
      findings.length === 0 ? 'no service is installed' : findings.map(({ evidence }) => evidence).join(', '),
    );
  },
};

function judged(unit: string, state: UnitState): Finding {
  const { ActiveState, SubState, Result, NRestarts, ExecMainStatus } = state;
  if (ActiveState === 'failed' && ExecMainStatus === EXIT_CONFIG) {
    return fail(
      `${unit} has ended with 78: its configuration or installation is wrong, and systemd does not try again`,
      `sensorctl config check; then sudo systemctl restart ${unit}`,
    );
  }
  if (ActiveState === 'failed') {
    const limit = Result === 'start-limit-hit' ? ' after too many restarts' : '';
    return fail(
      `${unit} has failed (${Result}), and systemd has given it up${limit}`,
      `journalctl -u ${unit} -n 50; then sudo systemctl reset-failed ${unit} && sudo systemctl start ${unit}`,
    );
  }
  if (SubState === 'auto-restart') {
    return fail(`${unit} has ended (${Result}) and is started again`, `journalctl -u ${unit} -n 50`);
  }
  if (ActiveState === 'inactive') return fail(`${unit} was stopped`, `sudo systemctl start ${unit}`);
  if (ActiveState !== 'active')
    return warn(`${unit} is ${ActiveState} (${SubState})`, `systemctl status ${unit}`);
  const restarts = Number(NRestarts);
  if (restarts > 0) {
    return warn(
      `${unit} runs, and was restarted ${restarts} times since it was started by a person or at boot`,
      `journalctl -u ${unit} -p warning -n 50`,
    );
  }
  return pass(`${unit} runs`);
}
