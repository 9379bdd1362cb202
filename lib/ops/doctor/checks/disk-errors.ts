/** ext4 counts the errors it has met: the earliest sign of a dying card, and one that outlives the log. */

import { type Check, fail, notApplicable, pass } from '../finding.ts';
import { type Mount, mountOf } from '../mounts.ts';
import type { Probe } from '../probe.ts';

/** A file /forcefsck asks for nothing where an initramfs checks the disk before anybody can see it. */
export const ERRORS_FIX =
  'sensorctl backup create --output OTHER_DISK, then have the card checked at a boot (write fsck.mode=force at the end of the line in /boot/firmware/cmdline.txt, sudo reboot, and take it out again), or replace it.';

export const diskErrors: Check = {
  name: 'disk-errors',
  step: 'disk',
  asks: 'has the file system met errors?',
  async run(probe, { dataDir }) {
    const mount = await mountOf(probe, dataDir);
    if (mount?.type !== 'ext4')
      return notApplicable(`${mount?.type ?? 'this file system'} keeps no count of errors`);
    const errors = await errorsOn(probe, mount);
    if (errors === undefined) return notApplicable(`the kernel does not count for ${mount.source}`);
    if (errors === 0) return pass(`${mount.source}: no errors`);
    return fail(`${mount.source}: the file system has met ${errors} errors`, ERRORS_FIX);
  },
};

/** `undefined`: this file system keeps no count of errors, or the kernel does not tell. */
export async function errorsOn(probe: Probe, { type, source, device }: Mount): Promise<number | undefined> {
  if (type !== 'ext4') return undefined;
  // What a mount calls its source may be a name of its own: /dev/root, or one of /dev/mapper.
  const about = (await probe.readFile(`/sys/dev/block/${device}/uevent`)) ?? '';
  const name = /^DEVNAME=(.+)$/m.exec(about)?.[1] ?? source.replace(/^\/dev\//, '');
  const text = await probe.readFile(`/sys/fs/ext4/${name}/errors_count`);
  return text === undefined ? undefined : Number(text);
}
