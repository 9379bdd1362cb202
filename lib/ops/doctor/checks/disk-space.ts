/** Room: for the outbox to grow to its bound, and for the machine to go on working. */

import { type Check, type Finding, fail, pass, warn } from '../finding.ts';
import { nearestExisting } from '../mounts.ts';

const MIB = 1_048_576;

export const diskSpace: Check = {
  name: 'disk-space',
  step: 'disk',
  asks: 'is there room for the outbox to grow to its bound?',
  async run(probe, { dataDir, outboxFile, outboxBytesMax, diskReserve }): Promise<Finding> {
    const dir = await nearestExisting(probe, dataDir);
    const room = await probe.room(dir);
    if (room === undefined) return fail(`${dir} has gone`, `ls -ld ${dir}`);
    const { bytesFree, bytes } = room;
    const seen = `${mib(bytesFree)} free of ${mib(bytes)} at ${dir}`;
    if (bytesFree <= diskReserve) {
      return fail(
        `${seen}, and outbox.disk_reserve is ${mib(diskReserve)}: the outbox may not grow, and gives up its oldest readings when nothing can be delivered`,
        `Make room: sudo du -xh --max-depth=2 / | sort -h | tail; sudo journalctl --vacuum-size=50M; sudo apt-get clean`,
      );
    }
    const taken = (await probe.stat(outboxFile))?.bytes ?? 0;
    const growth = Math.max(0, outboxBytesMax - taken);
    if (bytesFree - diskReserve < growth) {
      return warn(
        `${seen}: the outbox would meet outbox.disk_reserve (${mib(diskReserve)}) before outbox.bytes_max (${mib(outboxBytesMax)})`,
        'Make room, or lower outbox.bytes_max to what there is.',
      );
    }
    return pass(`${seen}; the outbox may still grow by ${mib(growth)}`);
  },
};

function mib(bytes: number): string {
  return bytes >= 10_240 * MIB
    ? `${Math.round(bytes / (1_024 * MIB))} GiB`
    : `${Math.round(bytes / MIB)} MiB`;
}
