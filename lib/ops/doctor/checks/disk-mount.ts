/** What the data lies on: writable, kept over a reboot, and a disk of this machine. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { mountOf } from '../mounts.ts';

/** In memory: gone at a reboot. */
const FLEETING = /^(tmpfs|ramfs)$/;
/** Writes may go to memory: raspi-config's read-only root is one. A container has one for good reason. */
const LAYERED = /^(overlay|aufs|unionfs)$/;
/** SQLite's locks and syncs cannot be relied on there. */
const REMOTE = /^(nfs4?|cifs|smb3|9p|fuse\.sshfs|fuse\.glusterfs|ceph)$/;
/** Cannot say who may read a file. */
const FOREIGN = /^(vfat|exfat|msdos|ntfs3?|fuseblk)$/;

export const diskMount: Check = {
  name: 'disk-mount',
  step: 'disk',
  asks: 'is the data on a local disk that can be written and outlives a reboot?',
  async run(probe, { dataDir }) {
    const mount = await mountOf(probe, dataDir);
    if (mount === undefined) return notApplicable('the kernel does not list its mounts');
    const { mountPoint, type, source, readOnly } = mount;
    const seen = `${dataDir} is on ${source} (${type}, mounted at ${mountPoint})`;
    if (readOnly) {
      return fail(
        `${seen}, which is read-only: the kernel turns a failing card so`,
        `dmesg | grep -iE 'error|remount' | tail; when it is sound: sudo mount -o remount,rw ${mountPoint}`,
      );
    }
    const move = 'Set data_dir to a directory on a disk of this machine.';
    if (FLEETING.test(type)) return fail(`${seen}: readings that wait are gone at a reboot`, move);
    if (REMOTE.test(type)) return fail(`${seen}: SQLite is not safe on a network file system`, move);
    if (LAYERED.test(type)) {
      return warn(
        `${seen}: if the upper layer is in memory, all that was written is gone at a reboot`,
        'On a Raspberry Pi: sudo raspi-config nonint disable_overlayfs && sudo reboot; or set data_dir to another disk.',
      );
    }
    if (FOREIGN.test(type)) {
      return warn(`${seen}: it keeps neither owners nor modes, and survives power cuts badly`, move);
    }
    return pass(seen);
  },
};
