import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { giveMemoryBack, memoryLimit } from './memory-limit.ts';

const MIB = 1_048_576;

/** A machine with these files under /proc and /sys/fs/cgroup. */
function machine(files: Readonly<Record<string, string>>) {
  const dir = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const places = { procDir: join(dir, 'proc'), cgroupDir: join(dir, 'cgroup') };
  return (settingBytes?: number, unitMiB?: string) => memoryLimit({ settingBytes, unitMiB, ...places });
}

const V2 = { 'proc/self/cgroup': '0::/system.slice/a.service\n' };

it.each([
  [
    'version 2 of cgroups',
    { ...V2, 'cgroup/system.slice/a.service/memory.max': `${300 * MIB}\n` },
    300 * MIB,
  ],
  ['version 2 without a limit', { ...V2, 'cgroup/system.slice/a.service/memory.max': 'max\n' }, undefined],
  ['version 2 with the controller switched off', V2, undefined],
  [
    'version 1',
    { 'proc/self/cgroup': '5:memory:/a\n0::/a\n', 'cgroup/memory/a/memory.limit_in_bytes': `${200 * MIB}\n` },
    200 * MIB,
  ],
  [
    'version 1 without a limit',
    { 'proc/self/cgroup': '5:memory:/a\n', 'cgroup/memory/a/memory.limit_in_bytes': '9223372036854771712\n' },
    undefined,
  ],
  ['no cgroups at all', {}, undefined],
])('knows the limit of %s', (_what, files, bytes) => {
  expect(machine(files as Record<string, string>)()).toBe(bytes);
});

it('takes the least of what settings, unit and kernel say', () => {
  const limit = machine({ ...V2, 'cgroup/system.slice/a.service/memory.max': `${300 * MIB}` });

  expect(limit(undefined, '512')).toBe(300 * MIB);
  expect(limit(undefined, '256')).toBe(256 * MIB);
  expect(limit(100 * MIB, '256')).toBe(100 * MIB);
  expect(limit(undefined, 'much')).toBe(300 * MIB);
});

it('giving memory back collects what nobody refers to', () => {
  const gone = new WeakRef(Array.from({ length: 1_000 }, (_, index) => ({ index })));

  return new Promise<void>((resolve) => {
    // In a turn of its own: until this one ends, a WeakRef that was just made holds its target.
    setTimeout(() => {
      giveMemoryBack();
      expect(gone.deref()).toBeUndefined();
      resolve();
    });
  });
});
