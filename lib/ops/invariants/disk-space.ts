/** Room on the disk of the data, before the outbox may not grow any more. */

import { isNearlyFull, mib, ROOM_FIX } from '../doctor/checks/disk-space.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const diskSpace: Invariant = {
  name: 'disk_space',
  about:
    'the disk of the data has more room than twice `outbox.disk_reserve`, and more than a twentieth of it is free',
  severity: 'warning',
  hint: ROOM_FIX,
  // A log that is rotated frees its room within a minute or two.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { disk, watched } }) {
    if (disk === undefined) return 'unknown';
    const { bytes, bytesFree, mountPoint } = disk;
    if (!isNearlyFull(disk, watched.diskReserveBytes)) return 'whole';
    const isFull = bytesFree <= watched.diskReserveBytes;
    return {
      title: `the disk is ${isFull ? 'full' : 'nearly full'}: ${mib(bytesFree)} free of ${mib(bytes)}`,
      evidence: {
        bytes_free: bytesFree,
        bytes,
        mount_point: mountPoint,
        reserve_bytes: watched.diskReserveBytes,
      },
      ...(isFull ? { severity: 'critical' } : {}),
    };
  },
};
