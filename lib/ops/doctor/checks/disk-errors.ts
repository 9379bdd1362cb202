/** ext4 counts the errors it has met: the earliest sign of a dying card, and one that outlives the log. */

import { type Check, fail, notApplicable, pass } from '../finding.ts';
import { mountOf } from '../mounts.ts';

export const diskErrors: Check = {
  name: 'disk-errors',
  step: 'disk',
  asks: 'has the file system met errors?',
  async run(probe, { dataDir }) {
    const mount = await mountOf(probe, dataDir);
    if (mount?.type !== 'ext4')
      return notApplicable(`${mount?.type ?? 'this file system'} keeps no count of errors`);
    const device = mount.source.replace(/^\/dev\//, '');
    const text = await probe.readFile(`/sys/fs/ext4/${device}/errors_count`);
    if (text === undefined) return notApplicable(`the kernel does not count for ${mount.source}`);
    const errors = Number(text);
    if (errors === 0) return pass(`${mount.source}: no errors`);
    return fail(
      `${mount.source}: the file system has met ${errors} errors`,
      'sensorctl backup create --output OTHER_DISK, then check the card (sudo touch /forcefsck && sudo reboot) or replace it.',
    );
  },
};
