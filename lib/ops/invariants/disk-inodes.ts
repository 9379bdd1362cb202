/** A disk without inodes is full for whoever wants to make a file, however many bytes are free. */

import { INODES_FIX, INODES_FREE_MIN } from '../doctor/checks/disk-inodes.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const diskInodes: Invariant = {
  name: 'disk_inodes',
  about: `the file system of the data has ${INODES_FREE_MIN} inodes free or more`,
  severity: 'warning',
  hint: INODES_FIX,
  // Temporary files come and go.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { disk } }) {
    if (disk === undefined) return 'unknown';
    const { inodes, inodesFree, mountPoint } = disk;
    if (inodes === 0 || inodesFree >= INODES_FREE_MIN) return 'whole';
    return {
      title: `${inodesFree} of ${inodes} inodes are free`,
      evidence: { inodes_free: inodesFree, inodes, mount_point: mountPoint },
      ...(inodesFree === 0 ? { severity: 'critical' } : {}),
    };
  },
};
