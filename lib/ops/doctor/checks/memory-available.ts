/** What is left for others, and how much of it is swap on the card. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';

/** Below this a shell over SSH takes seconds to start. */
const AVAILABLE_MIN_KIB = 65_536;
const AVAILABLE_CRITICAL_KIB = 16_384;

export const memoryAvailable: Check = {
  name: 'memory-available',
  step: 'memory',
  asks: 'is there memory to spare?',
  async run(probe) {
    const text = (await probe.readFile('/proc/meminfo')) ?? '';
    const kib = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
    const [total, available, swap, swapFree] = ['MemTotal', 'MemAvailable', 'SwapTotal', 'SwapFree'].map(kib);
    if (total === undefined || available === undefined || !Number.isFinite(available)) {
      return notApplicable('the kernel does not tell');
    }
    const swapped = swap ? `, ${mib(swap - (swapFree ?? 0))} of ${mib(swap)} swap used` : ', no swap';
    const seen = `${mib(available)} of ${mib(total)} available${swapped}`;
    const fix = 'What takes it: ps -eo rss,comm --sort=-rss | head';
    if (available < AVAILABLE_CRITICAL_KIB) return fail(seen, fix);
    return available < AVAILABLE_MIN_KIB ? warn(seen, fix) : pass(seen);
  },
};

function mib(kib: number): string {
  return `${Math.round(kib / 1_024)} MiB`;
}
