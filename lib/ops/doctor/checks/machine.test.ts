/** Memory, power and buses: what a Raspberry Pi has in particular. */

import { describe, expect, it } from 'vitest';
import { ACCOUNTS, found } from '../../../../test/support/doctor-rig.ts';
import { i2cBus } from './i2c-bus.ts';
import { memoryAvailable } from './memory-available.ts';
import { memoryCgroup } from './memory-cgroup.ts';
import { powerSupply } from './power-supply.ts';

describe('the memory cgroup', () => {
  const STOCK = { '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io pids\n' };
  const LINE = 'console=serial0,115200 root=PARTUUID=1-02 rootfstype=ext4 rootwait\n';

  it.each([
    [
      'there, version 2',
      { '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n' },
      'pass',
      undefined,
    ],
    [
      'there, version 1',
      { '/proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t5\t60\t1\n' },
      'pass',
      undefined,
    ],
    [
      'off, version 1',
      { '/proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t60\t0\n' },
      'warn',
      "Add to the kernel's command line",
    ],
    [
      'off, as on stock Raspberry Pi OS',
      { ...STOCK, '/boot/firmware/cmdline.txt': LINE },
      'warn',
      "sudo sed -i '1 s/$/ cgroup_enable=memory cgroup_memory=1/' /boot/firmware/cmdline.txt && sudo reboot",
    ],
    [
      'off, on an older one',
      { ...STOCK, '/boot/cmdline.txt': LINE },
      'warn',
      '/boot/cmdline.txt && sudo reboot',
    ],
    [
      'switched on and not rebooted',
      { ...STOCK, '/boot/firmware/cmdline.txt': `cgroup_enable=memory ${LINE}` },
      'warn',
      'sudo reboot (cmdline.txt has it already)',
    ],
  ] as const)('that is %s is told as such', async (_what, files, verdict, fix) => {
    const finding = await found(memoryCgroup, { files });

    expect(finding.verdict).toBe(verdict);
    expect(finding.fix ?? '').toContain(fix ?? '');
  });
});

it.each([
  ['plenty', 400_000, 'pass'],
  ['little', 40_000, 'warn'],
  ['next to none', 8_000, 'fail'],
] as const)('memory to spare: %s', async (_what, available, verdict) => {
  const text = `MemTotal:         948304 kB\nMemFree:  9000 kB\nMemAvailable:     ${available} kB\nSwapTotal:        102396 kB\nSwapFree:         51200 kB\n`;

  const finding = await found(memoryAvailable, { files: { '/proc/meminfo': text } });

  expect(finding).toMatchObject({
    verdict,
    evidence: expect.stringContaining('50 MiB of 100 MiB swap used'),
  });
});

describe('power', () => {
  const SYSFS = '/sys/devices/platform/soc/soc:firmware/get_throttled';

  it.each([
    ['0\n', 'pass', 'neither'],
    ['50005\n', 'fail', 'now: under-voltage, throttled (0x50005)'],
    ['50000\n', 'warn', 'since the boot: under-voltage, throttled'],
    ['80008\n', 'warn', 'now: temperature limit'],
  ] as const)('the kernel says %j', async (text, verdict, evidence) => {
    expect(await found(powerSupply, { files: { [SYSFS]: text } })).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence),
    });
  });

  it.each([
    ['throttled=0x0\n', 'pass'],
    ['throttled=0x50005\n', 'fail'],
    ["Can't open device file: /dev/vcio\n", 'unknown'],
  ] as const)('the firmware says %j', async (stdout, verdict) => {
    expect(
      await found(powerSupply, { commands: { 'vcgencmd get_throttled': { code: 0, stdout } } }),
    ).toMatchObject({
      verdict,
    });
  });

  it('is of no concern where there is no such firmware', async () => {
    expect(await found(powerSupply, {})).toMatchObject({ verdict: 'pass' });
  });
});

describe('I2C', () => {
  const USED = { i2cBuses: [1, 1] };
  const device = (mode: number, gid: number) =>
    ({ '/dev/i2c-1': { kind: 'device', mode, uid: 0, gid } }) as const;

  it.each([
    ['is switched off', {}, 'fail', 'sudo raspi-config nonint do_i2c 0'],
    ['is closed to the service', device(0o600, 0), 'fail', 'sudo usermod -aG'],
    ['belongs to a group that the service is not in', device(0o660, 44), 'fail', 'sudo usermod -aG'],
    ['belongs to the group of the service', device(0o660, 994), 'pass', undefined],
    ['is open to all', device(0o666, 0), 'pass', undefined],
  ] as const)('a bus that %s', async (_what, files, verdict, fix) => {
    const finding = await found(i2cBus, { files: { ...ACCOUNTS, ...files } }, USED);

    expect(finding.verdict).toBe(verdict);
    expect(finding.fix ?? '').toContain(fix ?? '');
  });

  it('is of no concern while no source uses it', async () => {
    expect(await found(i2cBus, { files: ACCOUNTS })).toMatchObject({ verdict: 'pass' });
  });
});
