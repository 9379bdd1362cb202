// @ts-check
/** `npm run test:vm`: hands its arguments to the tests in a virtual machine. `--help` says what they are. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, runMain } from '../../scripts/setup.js';

const EXIT_USAGE = 64;

const USAGE = `Usage: npm run test:vm [-- --cuts N] [--seed N]

Boots whole machines (QEMU without hardware help, Debian's kernel and systemd) with the built programs in
them: cuts their power, and holds the units to the limits of cgroup v2. Needs root, and the packages
qemu-system-x86, mmdebstrap, kmod, cpio, xz-utils and e2fsprogs. The first run makes the machine from
packages, in a minute or two, and keeps it in ~/.cache/sensor-gateway-tests.

  --cuts N  power cuts (default 5; some 15 s each)
  --seed N  when the power goes (default: another time each time)`;

await runMain(async () => {
  const options = readOptions();
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  return await new Promise((resolve) => {
    spawn(process.execPath, [join(ROOT, 'scripts/test.js'), 'vm'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, VM_CUTS: options.cuts, VM_SEED: options.seed },
    }).once('exit', (code) => resolve(code ?? 1));
  });
});

/** A sentence if the arguments are wrong. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        cuts: { type: 'string', default: '5' },
        seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string' && !/^[1-9]\d{0,8}$/.test(value))
        return `--${name} must be a whole number from 1, not "${value}".`;
    }
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
