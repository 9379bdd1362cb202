/** A token that others may read is no secret; one that the service may not read stops it. */

import { type Check, type Finding, fail, notApplicable, pass } from '../finding.ts';
import type { Probe } from '../probe.ts';
import { mayRead, modeInWords, type ServiceUser, serviceUser } from '../service-user.ts';

export const configSecrets: Check = {
  name: 'config-secrets',
  step: 'config',
  asks: 'may the service read its tokens, and nobody else?',
  async run(probe, { destinations }) {
    const files = [...new Set(destinations.flatMap(({ tokenFile }) => tokenFile ?? []))];
    if (files.length === 0) return notApplicable('no destination has a token');
    const service = await serviceUser(probe);
    for (const file of files) {
      const found = await trouble(probe, file, service);
      if (found !== undefined) return found;
    }
    return pass(`${files.join(', ')}: readable by the service alone`);
  },
};

async function trouble(
  probe: Probe,
  file: string,
  service: ServiceUser | undefined,
): Promise<Finding | undefined> {
  const stat = await probe.stat(file, { follow: true });
  if (stat === undefined) return fail(`${file} does not exist`, `Put the token into ${file}.`);
  const seen = `${file} has mode ${modeInWords(stat.mode)}`;
  if (stat.mode & 0o006) return fail(`${seen}: every user may read or change it`, `sudo chmod o-rwx ${file}`);
  // Group 0 is root's, and root may read everything anyway.
  const groupIsOurs = stat.gid === 0 || service === undefined || service.gids[0] === stat.gid;
  if (stat.mode & 0o060 && !groupIsOurs) {
    return fail(`${seen}: everybody in group ${stat.gid} may read or change it`, `sudo chmod g-rw ${file}`);
  }
  if (service === undefined || mayRead(service, stat)) return undefined;
  return fail(
    `${seen} and ${service.name} may not read it`,
    `sudo chown root:${service.name} ${file} && sudo chmod 0640 ${file}`,
  );
}
