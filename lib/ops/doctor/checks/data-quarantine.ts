/** Files that were damaged and moved away: the room that they take, and that the disk may be failing. */

import { type Check, pass, warn } from '../finding.ts';

export const dataQuarantine: Check = {
  name: 'data-quarantine',
  step: 'data',
  asks: 'has a damaged file been moved away?',
  async run(probe, { dataDir }) {
    const names = await probe.list(`${dataDir}/quarantine`);
    if (names === undefined || names.length === 0) return pass('no file has been damaged');
    return warn(
      `${names.length} in ${dataDir}/quarantine, the latest ${names.toSorted().at(-1)}: a file was damaged`,
      'sensorctl gaps says what was lost. Is the card failing (dmesg)? Delete what nobody needs any more.',
    );
  },
};
