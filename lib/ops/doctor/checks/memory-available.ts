/** What is left for others, and how much of it is swap on the card. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import type { Probe } from '../probe.ts';

/** Below this a shell over SSH takes seconds to start. */
const AVAILABLE_MIN_KIB = 65_536;
const AVAILABLE_CRITICAL_KIB = 16_384;

export const MEMORY_FIX = 'What takes it: ps -eo rss,comm --sort=-rss | head';

export const memoryAvailable: Check = {
  name: 'memory-available',
  step: 'memory',
  asks: 'is there memory to spare?',
  async run(probe) {
    const { total, available, swap, swapFree } = await memoryKib(probe);
    if (total === undefined || available === undefined) return notApplicable('the kernel does not tell');
    const swapped = swap ? `, ${mib(swap - (swapFree ?? 0))} of ${mib(swap)} swap used` : ', no swap';
    const seen = `${mib(available)} of ${mib(total)} available${swapped}`;
    if (available < AVAILABLE_CRITICAL_KIB) return fail(seen, MEMORY_FIX);
    return available < AVAILABLE_MIN_KIB ? warn(seen, MEMORY_FIX) : pass(seen);
  },
};

export interface MemoryKib {
  readonly total: number | undefined;
  readonly available: number | undefined;
  readonly swap: number | undefined;
  readonly swapFree: number | undefined;
}

/** As the kernel tells; `undefined` where it does not. */
export async function memoryKib(probe: Probe): Promise<MemoryKib> {
  const text = (await probe.readFile('/proc/meminfo')) ?? '';
  const kib = (name: string) => {
    const said = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1];
    return said === undefined ? undefined : Number(said);
  };
  return {
    total: kib('MemTotal'),
    available: kib('MemAvailable'),
    swap: kib('SwapTotal'),
    swapFree: kib('SwapFree'),
  };
}

function mib(kib: number): string {
  return `${Math.round(kib / 1_024)} MiB`;
}
