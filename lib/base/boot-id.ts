/**
 * What monotonic times count from: a boot of the kernel, until the machine sleeps. The monotonic clock stands
 * still meanwhile, so times from before and after a sleep are told apart like those of two boots.
 */

/** `KERNEL+SECONDS`: a boot, and for how long the machine had slept in it by then. */
const BOOT_AFTER_SLEEP = /^(.*)\+(\d+)$/;
/** The time asleep is measured anew by each program, to hundredths of a second. */
const SLEEP_TOLERANCE_S = 1;

export function bootIdAfterSleep(kernelBootId: string, sleptMs: number): string {
  const seconds = Math.round(sleptMs / 1_000);
  return seconds > 0 ? `${kernelBootId}+${seconds}` : kernelBootId;
}

/** Whether monotonic times of the two count from the same moment. */
export function isSameBoot(a: string, b: string): boolean {
  const [one, other] = [partsOf(a), partsOf(b)];
  return one.kernel === other.kernel && Math.abs(one.sleptS - other.sleptS) <= SLEEP_TOLERANCE_S;
}

/** Whether the machine has stayed on between the two, asleep or not. */
export function isSamePowerOn(a: string, b: string): boolean {
  return powerOnOf(a) === powerOnOf(b);
}

/** The boot of the kernel, however long the machine has slept in it. */
export function powerOnOf(bootId: string): string {
  return partsOf(bootId).kernel;
}

function partsOf(bootId: string): { kernel: string; sleptS: number } {
  const [, kernel = bootId, slept = '0'] = BOOT_AFTER_SLEEP.exec(bootId) ?? [];
  return { kernel, sleptS: Number(slept) };
}
