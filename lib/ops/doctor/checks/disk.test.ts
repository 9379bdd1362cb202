import { describe, expect, it } from 'vitest';
import { found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { diskErrors } from './disk-errors.ts';
import { diskInodes } from './disk-inodes.ts';
import { diskMount } from './disk-mount.ts';
import { diskSpace } from './disk-space.ts';
import { diskLimits } from './limits.ts';

const { dataDir } = INSTALLED;
const MIB = 1_048_576;
const files = { [dataDir]: { kind: 'directory' } } as const;

describe('room', () => {
  it.each([
    ['plenty', 400, 4_096, 'pass'],
    ['less than a twentieth of the disk', 400, 16_384, 'warn'],
    ['less than the reserve and as much again', 127, 1_024, 'warn'],
    ['no more than the reserve', 64, 1_024, 'fail'],
    ['none', 0, 1_024, 'fail'],
  ] as const)('%s', async (_what, freeMib, mib, verdict) => {
    const rooms = { [dataDir]: { bytesFree: freeMib * MIB, bytes: mib * MIB } };

    expect(await found(diskSpace, { files, rooms })).toMatchObject({ verdict });
  });

  it('for the outbox to grow is a contract between limits, which what it has taken already does not burden', async () => {
    const grown = { ...files, [INSTALLED.outboxFile]: { text: '', bytes: 250 * MIB } };
    const rooms = { [dataDir]: { bytesFree: 100 * MIB } };

    expect(await found(diskLimits, { files, rooms })).toMatchObject({
      verdict: 'warn',
      evidence: expect.stringMatching(/^outbox: .* \(256 MiB, .* must be less than .* \(36 MiB, /),
      fix: expect.stringContaining('outbox.bytes_max'),
    });
    expect(await found(diskLimits, { files: grown, rooms })).toMatchObject({ verdict: 'pass' });
  });

  it('before the first start it is that of the directory in which the data will lie', async () => {
    const rooms = { '/var': { bytesFree: 0 } };

    expect(await found(diskSpace, { files: { '/var': { kind: 'directory' } }, rooms })).toMatchObject({
      verdict: 'fail',
      evidence: expect.stringContaining('at /var,'),
    });
  });

  it.each([
    [{ inodes: 100_000, inodesFree: 0 }, 'fail'],
    [{ inodes: 100_000, inodesFree: 900 }, 'warn'],
    [{ inodes: 100_000, inodesFree: 50_000 }, 'pass'],
    [{ inodes: 0, inodesFree: 0 }, 'pass'],
  ] as const)('inodes: %j', async (room, verdict) => {
    expect(await found(diskInodes, { files, rooms: { [dataDir]: room } })).toMatchObject({ verdict });
  });
});

describe('the mount', () => {
  // As /proc/self/mountinfo has it on Raspberry Pi OS, and with raspi-config's read-only root.
  const PI = '25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw';
  const OVERLAY = '23 1 0:19 / / rw,noatime shared:1 - overlay overlay rw,lowerdir=/lower,upperdir=/upper';
  const on = (...lines: string[]) => ({ files: { '/proc/self/mountinfo': `${lines.join('\n')}\n` } });

  it.each([
    ['a card', [PI], 'pass'],
    [
      'a card that the kernel has turned read-only',
      [PI.replace('/dev/mmcblk0p2 rw', '/dev/mmcblk0p2 ro')],
      'fail',
    ],
    ['a root that is mounted read-only', [PI.replace('rw,noatime', 'ro,noatime')], 'fail'],
    ["raspi-config's overlay", [OVERLAY], 'warn'],
    [
      'an overlay with a disk of its own for the data',
      [OVERLAY, '40 23 8:1 / /var/lib/sensor-gateway rw - ext4 /dev/sda1 rw'],
      'pass',
    ],
    ['memory', [PI, '30 25 0:25 / /var rw - tmpfs tmpfs rw'], 'fail'],
    ['a network disk', [PI, '30 25 0:25 / /var/lib rw - nfs4 nas:/pi rw'], 'fail'],
    ['a USB stick as it came', [PI, '30 25 8:1 / /var/lib rw - vfat /dev/sda1 rw'], 'warn'],
    ['a mount beside it', [PI, '30 25 0:25 / /var/lib/sensor rw - tmpfs tmpfs rw'], 'pass'],
    [
      'a mount that covers another',
      [PI, '30 25 0:25 / /var rw - tmpfs tmpfs rw', '31 25 8:1 / /var rw - ext4 /dev/sda1 rw'],
      'pass',
    ],
  ] as const)('%s', async (_what, lines, verdict) => {
    expect(await found(diskMount, on(...lines))).toMatchObject({ verdict });
  });

  it('a link to another disk is followed', async () => {
    const recording = on(PI, '30 25 0:25 / /media/usb\\040stick rw - tmpfs tmpfs rw');

    const finding = await found(diskMount, {
      ...recording,
      commands: { [`readlink -m -- ${dataDir}`]: '/media/usb stick/data\n' },
    });

    expect(finding).toMatchObject({ verdict: 'fail', evidence: expect.stringContaining('/media/usb stick') });
  });

  it.each([
    ['0\n', 'pass'],
    ['3\n', 'fail'],
  ] as const)('an ext4 that has counted %j errors', async (count, verdict) => {
    const { files: table } = on(PI);

    expect(
      await found(diskErrors, { files: { ...table, '/sys/fs/ext4/mmcblk0p2/errors_count': count } }),
    ).toMatchObject({ verdict });
  });

  it('what it says to do about errors works where an initramfs checks the disk, as on Raspberry Pi OS', async () => {
    const files = { ...on(PI).files, '/sys/fs/ext4/mmcblk0p2/errors_count': '3\n' };

    const { fix } = await found(diskErrors, { files });

    expect(fix).toContain('fsck.mode=force at the end of the line in /boot/firmware/cmdline.txt');
    expect(fix).not.toContain('/forcefsck');
  });

  it.each(['/dev/root', '/dev/mapper/card'])(
    'errors are found of an ext4 that the kernel calls %s, which is no name of a device',
    async (source) => {
      const { files: table } = on(PI.replace('/dev/mmcblk0p2', source));
      const files = {
        ...table,
        '/sys/dev/block/179:2/uevent': 'MAJOR=179\nMINOR=2\nDEVNAME=mmcblk0p2\nDEVTYPE=partition\n',
        '/sys/fs/ext4/mmcblk0p2/errors_count': '3\n',
      };

      expect(await found(diskErrors, { files })).toMatchObject({ verdict: 'fail' });
    },
  );
});
