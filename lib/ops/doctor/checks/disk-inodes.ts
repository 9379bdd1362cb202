/** A disk without inodes is full for whoever wants to make a file, however many bytes are free. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { nearestExisting } from '../mounts.ts';

/** What a busy machine makes in an afternoon of temporary files. */
const INODES_FREE_MIN = 1_000;

export const diskInodes: Check = {
  name: 'disk-inodes',
  step: 'disk',
  asks: 'can files still be made?',
  async run(probe, { dataDir }) {
    const dir = await nearestExisting(probe, dataDir);
    const room = await probe.room(dir);
    if (room === undefined || room.inodes === 0) return notApplicable('this file system does not count them');
    const seen = `${room.inodesFree} of ${room.inodes} inodes free at ${dir}`;
    const fix = `sudo du --inodes -x / | sort -n | tail`;
    if (room.inodesFree === 0) return fail(seen, fix);
    return room.inodesFree < INODES_FREE_MIN ? warn(seen, fix) : pass(seen);
  },
};
