/** Whether the units that systemd uses are those of this release, unchanged. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';
import { services } from '../units.ts';

export const systemdFiles: Check = {
  name: 'systemd-files',
  step: 'systemd',
  asks: 'are the units those of this version, and has systemd read them?',
  async run(probe, subject) {
    const states = await services(probe, subject);
    if (typeof states === 'string') return notApplicable(states);
    const notes: string[] = [];
    for (const [unit, { LoadState, FragmentPath, DropInPaths, NeedDaemonReload }] of states) {
      if (LoadState !== 'loaded') continue;
      if (NeedDaemonReload === 'yes') {
        return warn(`${unit} was changed after systemd had read it`, 'sudo systemctl daemon-reload');
      }
      const [used, shipped] = await Promise.all([
        probe.readFile(FragmentPath),
        probe.readFile(`${subject.packageDir}/${unit}`),
      ]);
      if (used !== undefined && shipped !== undefined && used !== shipped) {
        return warn(
          `${FragmentPath} is not the unit of version ${subject.version}: edited, or older`,
          `diff ${subject.packageDir}/${unit} ${FragmentPath}; changes of your own belong in: sudo systemctl edit ${unit}; then sudo ${subject.packageDir}/deploy/install.sh`,
        );
      }
      if (DropInPaths !== '') notes.push(`${unit} with ${DropInPaths}`);
    }
    return pass(notes.length === 0 ? 'as shipped' : `as shipped, ${notes.join(', ')}`);
  },
};
