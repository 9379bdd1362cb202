/** Who may change the configuration decides where the readings go; and the service must be able to read it. */

import { type Check, fail, notApplicable, pass } from '../finding.ts';
import { mayRead, modeInWords, serviceUser } from '../service-user.ts';

export const configAccess: Check = {
  name: 'config-access',
  step: 'config',
  asks: 'may the service read the configuration, and nobody but its owner change it?',
  async run(probe, { configFile: file }) {
    if (file === undefined) return notApplicable('there is no configuration file');
    const stat = await probe.stat(file, { follow: true });
    if (stat === undefined) return notApplicable(`${file} has gone`);
    const seen = `${file} has mode ${modeInWords(stat.mode)}`;
    if (stat.mode & 0o002) return fail(`${seen}: everybody may change it`, `sudo chmod o-w ${file}`);
    const service = await serviceUser(probe);
    if (service === undefined || mayRead(service, stat)) return pass(seen);
    return fail(
      `${seen} and ${service.name} may not read it`,
      `sudo chgrp ${service.name} ${file} && sudo chmod g+r ${file}`,
    );
  },
};
