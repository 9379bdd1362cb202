/** Whether systemd knows the services and starts them at boot. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { services } from '../units.ts';

export const systemdUnits: Check = {
  name: 'systemd-units',
  step: 'systemd',
  asks: 'are the units there, neither masked nor disabled?',
  async run(probe, subject) {
    const states = await services(probe, subject);
    if (typeof states === 'string') return notApplicable(states);
    const named = (test: (load: string, file: string) => boolean) =>
      states.flatMap(([unit, state]) => (test(state.LoadState, state.UnitFileState) ? [unit] : []));
    const masked = named((load, file) => load === 'masked' || file.startsWith('masked'));
    if (masked.length > 0) {
      return fail(`masked: ${masked.join(', ')}`, `sudo systemctl unmask ${masked.join(' ')}`);
    }
    const missing = named((load) => load === 'not-found');
    if (missing.length > 0) {
      return fail(`not installed: ${missing.join(', ')}; nothing starts them`, 'sudo ./deploy/install.sh');
    }
    const broken = named((load) => load !== 'loaded');
    if (broken.length > 0) {
      return fail(
        `not understood by systemd: ${broken.join(', ')}`,
        `systemd-analyze verify ${broken.join(' ')}`,
      );
    }
    const disabled = named((_load, file) => file === 'disabled');
    if (disabled.length > 0) {
      return warn(
        `not started at boot: ${disabled.join(', ')}`,
        `sudo systemctl enable --now ${disabled.join(' ')}`,
      );
    }
    return pass(`${states.map(([unit]) => unit).join(', ')}: installed and enabled`);
  },
};
