/** The kernel turns the file system of a failing card read-only. */

import { type Invariant, ONLY_ONE } from './invariant.ts';

export const diskReadOnly: Invariant = {
  name: 'disk_read_only',
  about: 'the file system of the data can be written',
  severity: 'critical',
  hint: "dmesg | grep -iE 'error|remount' | tail; sensorctl doctor --step disk",
  // It does not come back by itself.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { disk } }) {
    if (disk === undefined) return 'unknown';
    if (!disk.readOnly) return 'whole';
    return {
      title: `the file system of the data${disk.mountPoint === undefined ? '' : ` (${disk.mountPoint})`} is read-only`,
      evidence: { mount_point: disk.mountPoint, errors: disk.errors },
    };
  },
};
