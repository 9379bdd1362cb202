/** Room for the machine to go on working. Whether it is enough for the outbox's bound is a contract of limits. */

import { type Check, fail, pass, warn } from '../finding.ts';
import { nearestExisting } from '../mounts.ts';
import type { Room } from '../probe.ts';

const MIB = 1_048_576;

/** What ext4 keeps back for root: below it every other user meets a full disk soon. */
const NEARLY_FULL_SHARE = 0.05;

export const ROOM_FIX =
  'Make room: sudo du -xh --max-depth=2 / | sort -h | tail; sudo journalctl --vacuum-size=50M; sudo apt-get clean';

export const diskSpace: Check = {
  name: 'disk-space',
  step: 'disk',
  asks: 'is there room on the disk of the data?',
  async run(probe, { dataDir, diskReserve }) {
    const dir = await nearestExisting(probe, dataDir);
    const room = await probe.room(dir);
    if (room === undefined) return fail(`${dir} has gone`, `ls -ld ${dir}`);
    const { bytesFree, bytes } = room;
    const seen = `${mib(bytesFree)} free of ${mib(bytes)} at ${dir}`;
    if (bytesFree <= diskReserve) {
      return fail(
        `${seen}, and outbox.disk_reserve is ${mib(diskReserve)}: the outbox may not grow, and gives up its oldest readings when nothing can be delivered`,
        ROOM_FIX,
      );
    }
    return isNearlyFull(room, diskReserve) ? warn(`${seen}: nearly full`, ROOM_FIX) : pass(seen);
  },
};

export function isNearlyFull(
  { bytesFree, bytes }: Pick<Room, 'bytes' | 'bytesFree'>,
  diskReserve: number,
): boolean {
  return bytesFree < 2 * diskReserve || bytesFree < bytes * NEARLY_FULL_SHARE;
}

export function mib(bytes: number): string {
  return bytes >= 10_240 * MIB
    ? `${Math.round(bytes / (1_024 * MIB))} GiB`
    : `${Math.round(bytes / MIB)} MiB`;
}
