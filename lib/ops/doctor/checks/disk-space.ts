/** Room for the machine to go on working. Whether it is enough for the outbox's bound is a contract of limits. */

import { type Check, fail, pass, warn } from '../finding.ts';
import { nearestExisting } from '../mounts.ts';

const MIB = 1_048_576;

/** What ext4 keeps back for root: below it every other user meets a full disk soon. */
const NEARLY_FULL_SHARE = 0.05;

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
    const fix =
      'Make room: sudo du -xh --max-depth=2 / | sort -h | tail; sudo journalctl --vacuum-size=50M; sudo apt-get clean';
    if (bytesFree <= diskReserve) {
      return fail(
        `${seen}, and outbox.disk_reserve is ${mib(diskReserve)}: the outbox may not grow, and gives up its oldest readings when nothing can be delivered`,
        fix,
      );
    }
    const nearlyFull = bytesFree < 2 * diskReserve || bytesFree < bytes * NEARLY_FULL_SHARE;
    return nearlyFull ? warn(`${seen}: nearly full`, fix) : pass(seen);
  },
};

function mib(bytes: number): string {
  return bytes >= 10_240 * MIB
    ? `${Math.round(bytes / (1_024 * MIB))} GiB`
    : `${Math.round(bytes / MIB)} MiB`;
}
