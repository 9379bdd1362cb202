/** How much memory this program may have: the least of what the settings, its unit and the kernel say. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { shrinkCaches } from '../../lib/base/sqlite.ts';

export interface MemoryLimitOptions {
  /** `memory.max` of the settings. */
  readonly settingBytes: number | undefined;
  /** `$SENSORGW_UNIT_MEMORY_MIB`: what the unit says in MemoryMax=, which the kernel may not have heard. */
  readonly unitMiB: string | undefined;
  /** For tests; the machine's own if left out. */
  readonly procDir?: string;
  readonly cgroupDir?: string;
}

/** Version 1 of cgroups says "no limit" with the largest number of pages there is. */
const NO_LIMIT_BYTES = 2 ** 60;

/** `undefined` if nobody limits it. */
export function memoryLimit(options: MemoryLimitOptions): number | undefined {
  const unit = /^[1-9]\d{0,6}$/.test(options.unitMiB ?? '') ? Number(options.unitMiB) * 1_048_576 : undefined;
  const known = [options.settingBytes, unit, cgroupLimit(options)].filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function cgroupLimit({ procDir = '/proc', cgroupDir = '/sys/fs/cgroup' }: MemoryLimitOptions) {
  for (const line of textOf(join(procDir, 'self/cgroup')).split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const file =
      controllers === ''
        ? join(cgroupDir, path, 'memory.max')
        : join(cgroupDir, 'memory', path, 'memory.limit_in_bytes');
    if (controllers !== '' && controllers !== 'memory') continue;
    const bytes = Number.parseInt(textOf(file), 10);
    if (bytes > 0 && bytes < NO_LIMIT_BYTES) return bytes;
  }
  return undefined;
}

/** Empty if it cannot be read: then it limits nothing that we know of. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Collects garbage and empties SQLite's page caches. */
export function giveMemoryBack(): void {
  shrinkCaches();
  // The heap is collected when it wants to be, which is late; this is the only way to ask for it from inside.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
