// @ts-check
/** `npm run test:vm`: hands its arguments to the tests in virtual machines. `--help` says what they are. */

import { launchSuite } from '../support/launcher.js';

await launchSuite({
  suite: 'vm',
  usage: `Usage: npm run test:vm [-- --cuts N] [--seed N]

Boots whole machines (QEMU without hardware help, Debian's kernel and systemd) with the built programs in
them: cuts their power, holds the units to the limits of cgroup v2, and reads chips on virtual I2C buses, fifty
of them with the installed reader. Takes some ten minutes on two quiet cores, and more beside others.
Needs root, and the packages qemu-system-x86, mmdebstrap, kmod, cpio, xz-utils and e2fsprogs. The first run
makes the machine from packages, in a minute or two, and keeps it in ~/.cache/sensor-gateway-tests.

  --cuts N  power cuts (default 3; some 15 s each)
  --seed N  when the power goes (default: another time each time)`,
  numbers: { cuts: { variable: 'VM_CUTS', default: 3 }, seed: { variable: 'VM_SEED', default: undefined } },
});
