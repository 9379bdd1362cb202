/** A token that others may read is no secret; one that the service may not read stops it. */

import { type Check, type Finding, fail, notApplicable, pass } from '../finding.ts';
import type { Probe } from '../probe.ts';
import { mayRead, modeInWords, type ServiceUser, serviceUser } from '../service-user.ts';

export const configSecrets: Check = {
  name: 'config-secrets',
  step: 'config',
  asks: 'may the service read its tokens, and nobody else?',
  async run(probe, { destinations, secretFiles = [] }) {
    const tokens = destinations.flatMap(({ tokenFile }) => tokenFile ?? []);
    // Where other credentials come from is said in a drop-in of somebody's own.
    const others = secretFiles.filter((file) => !file.startsWith(CREDENTIALS));
    const files = [...new Set([...tokens, ...others])];
    if (files.length === 0) return notApplicable('no destination has a token');
    const service = await serviceUser(probe);
    for (const file of files) {
      const found = await trouble(probe, file, service);
      if (found !== undefined) return found;
    }
    return pass(`${files.join(', ')}: readable by the service alone`);
  },
};

/** What systemd hands to the service: there only while it runs, and open to nobody else. It comes from the store. */
const CREDENTIALS = '/run/credentials/';
const STORED = '/etc/credstore/sensor-gateway.token';

async function troubleInStore(probe: Probe): Promise<Finding | undefined> {
  const stat = await probe.stat(STORED, { follow: true });
  if (stat === undefined) {
    return fail(`${STORED} does not exist`, `sudo install -D -m 0600 YOUR_TOKEN_FILE ${STORED}`);
  }
  if ((stat.mode & 0o077) === 0) return undefined;
  return fail(
    `${STORED} has mode ${modeInWords(stat.mode)}: others than root may read it`,
    `sudo chmod 0600 ${STORED}`,
  );
}

async function trouble(
  probe: Probe,
  file: string,
  service: ServiceUser | undefined,
): Promise<Finding | undefined> {
  if (file.startsWith(CREDENTIALS)) return troubleInStore(probe);
  const stat = await probe.stat(file, { follow: true });
  if (stat === undefined) return fail(`${file} does not exist`, `Put the token into ${file}.`);
  const seen = `${file} has mode ${modeInWords(stat.mode)}`;
  // Owner, group and mode at once: to take a right away from all may take it from the service, too.
  const fix =
    service === undefined
      ? `chmod 0600 ${file}`
      : `sudo chown root:${service.name} ${file} && sudo chmod 0640 ${file}`;
  if (stat.mode & 0o006) return fail(`${seen}: every user may read or change it`, fix);
  // Group 0 is root's, and root may read everything anyway.
  const groupIsOurs = stat.gid === 0 || service === undefined || service.gids[0] === stat.gid;
  if (stat.mode & 0o060 && !groupIsOurs) {
    return fail(`${seen}: everybody in group ${stat.gid} may read or change it`, fix);
  }
  if (service === undefined || mayRead(service, stat)) return undefined;
  return fail(`${seen} and ${service.name} may not read it`, fix);
}
