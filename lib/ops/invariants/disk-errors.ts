/** ext4 counts the errors that it has met: the earliest sign of a dying card. */

import { ERRORS_FIX } from '../doctor/checks/disk-errors.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const diskErrors: Invariant = {
  name: 'disk_errors',
  about: 'the file system of the data has met no errors',
  severity: 'critical',
  hint: ERRORS_FIX,
  // The count outlives the boot, until somebody has checked the file system.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { disk } }) {
    if (disk?.errors === undefined) return 'unknown';
    if (disk.errors === 0) return 'whole';
    return {
      title: `the file system of the data has met ${disk.errors} errors`,
      evidence: { errors: disk.errors, mount_point: disk.mountPoint },
    };
  },
};
