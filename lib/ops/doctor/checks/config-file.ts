/** A wrong configuration stops both programs with exit code 78, and systemd does not try again. */

import { type Check, fail, pass } from '../finding.ts';
import { NotPermitted } from '../probe.ts';

export const configFile: Check = {
  name: 'config-file',
  step: 'config',
  asks: 'is the configuration right, and can the files that it names be used?',
  async run(_probe, { configFile: file, configProblem }) {
    if (configProblem?.notPermitted) throw new NotPermitted(configProblem.file);
    if (configProblem !== undefined) return fail(configProblem.message, 'sensorctl config check');
    return pass(file === undefined ? 'no file, so the defaults hold' : `${file}: good`);
  },
};
