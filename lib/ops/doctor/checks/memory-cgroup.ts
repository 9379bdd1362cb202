/** Stock Raspberry Pi OS starts its kernel without the memory cgroup: MemoryMax= is then ignored without a word. */

import { type Check, notApplicable, pass, warn } from '../finding.ts';

/** Debian 12 and newer, and before. */
const BOOT_FILES = ['/boot/firmware/cmdline.txt', '/boot/cmdline.txt'];
const WORDS = 'cgroup_enable=memory cgroup_memory=1';

export const memoryCgroup: Check = {
  name: 'memory-cgroup',
  step: 'memory',
  asks: 'does the kernel enforce memory limits?',
  async run(probe) {
    const [unified, legacy] = await Promise.all([
      probe.readFile('/sys/fs/cgroup/cgroup.controllers'),
      probe.readFile('/proc/cgroups'),
    ]);
    if (unified === undefined && legacy === undefined) return notApplicable('the kernel has no cgroups');
    const v2 = unified?.trim().split(' ').includes('memory') ?? false;
    const v1 = unified === undefined && /^memory\t\d+\t\d+\t1$/m.test(legacy ?? '');
    if (v2 || v1) return pass('MemoryMax= of the units is enforced');
    for (const file of BOOT_FILES) {
      const text = await probe.readFile(file);
      if (text === undefined) continue;
      const written = text.includes('cgroup_enable=memory');
      return warn(
        'the kernel was started without the memory cgroup: MemoryMax= of the units does nothing',
        written
          ? 'sudo reboot (cmdline.txt has it already)'
          : `sudo sed -i '1 s/$/ ${WORDS}/' ${file} && sudo reboot`,
      );
    }
    return warn(
      'the kernel was started without the memory cgroup: MemoryMax= of the units does nothing',
      `Add to the kernel's command line and reboot: ${WORDS}`,
    );
  },
};
