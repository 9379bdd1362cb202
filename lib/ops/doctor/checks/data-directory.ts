/** The data directory: there, its owner's alone, and every file in it of one owner. */

import { fewAtOnce } from '../few-at-once.ts';
import { type Check, fail, pass, warn } from '../finding.ts';
import { modeInWords, serviceUser } from '../service-user.ts';

/** A crowd of backups must not make the check slow; what matters lies at the top of the directory. */
const FILES_MAX = 200;

export const dataDirectory: Check = {
  name: 'data-directory',
  step: 'data',
  asks: 'is the data directory there, and do it and its files belong to the service alone?',
  async run(probe, { dataDir, uid }) {
    const dir = await probe.stat(dataDir, { follow: true });
    if (dir === undefined) {
      return fail(`${dataDir} does not exist`, 'Start the gateway once, or correct data_dir.');
    }
    if (dir.kind !== 'directory') return fail(`${dataDir} is no directory`, 'Correct data_dir.');
    const seen = `${dataDir} has mode ${modeInWords(dir.mode)}`;
    if (dir.mode & 0o002) return fail(`${seen}: everybody may change it`, `sudo chmod 0750 ${dataDir}`);

    const service = await serviceUser(probe);
    const foreign = service !== undefined && dir.uid !== service.uid && dir.uid !== uid;
    if (foreign) {
      return fail(
        `${dataDir} belongs to user ${dir.uid}, and the service is user ${service.uid}`,
        `sudo chown -R ${service.name}: ${dataDir}`,
      );
    }
    const names = (await probe.list(dataDir)) ?? [];
    const owners = await fewAtOnce(
      names.slice(0, FILES_MAX),
      async (name) => [name, (await probe.stat(`${dataDir}/${name}`))?.uid] as const,
    );
    const others = owners.flatMap(([name, owner]) =>
      owner === undefined || owner === dir.uid ? [] : [name],
    );
    if (others.length > 0) {
      return fail(
        `${others.slice(0, 5).join(', ')} in ${dataDir} ${others.length === 1 ? 'belongs' : 'belong'} to another user than the directory`,
        `sudo chown -R --reference=${dataDir} ${dataDir}`,
      );
    }
    if (dir.mode & 0o005) {
      return warn(`${seen}: every user may look at the readings`, `sudo chmod o-rwx ${dataDir}`);
    }
    return pass(`${seen}, and all in it has one owner`);
  },
};
