/** A disk without inodes is full for whoever wants to make a file, however many bytes are free. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { nearestExisting } from '../mounts.ts';

/** What a busy machine makes in an afternoon of temporary files. */
export const INODES_FREE_MIN = 1_000;

export const INODES_FIX = 'sudo du --inodes -x / | sort -n | tail';

export const diskInodes: Check = {
  name: 'disk-inodes',
  step: 'disk',
  asks: 'can files still be made?',
  async run(probe, { dataDir }) {
    const dir = await nearestExisting(probe, dataDir);
    const room = await probe.room(dir);
    if (room === undefined || room.inodes === 0) return notApplicable('this file system does not count them');
    const seen = `${room.inodesFree} of ${room.inodes} inodes free at ${dir}`;
    if (room.inodesFree === 0) return fail(seen, INODES_FIX);
    return room.inodesFree < INODES_FREE_MIN ? warn(seen, INODES_FIX) : pass(seen);
  },
};
