/** ADS1115 by its data sheet: one shot at a time, or one after the other, from the input and with the range of its configuration. */

import type { Now } from './fake-chip.ts';
import { createWordChip, type WordChip } from './fake-word-chip.ts';

const CONVERSION = 0;
const CONFIG = 1;
const DONE = 0x8000;
const SINGLE_SHOTS = 0x0100;

/** Bits 11 to 9 of the configuration -> the voltage at which the range ends. */
const RANGES_VOLT = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];

/** What the conversion register holds: volt * 32768 / range, cut off at the ends of 16 bits. */
export function rawVoltageOf(volt: number, rangeVolt: number): number {
  const steps = Math.round((volt * 32_768) / rangeVolt);
  return Math.min(32_767, Math.max(-32_768, steps)) & 0xffff;
}

export function createFakeAds1115(now: Now, address = 0x48): WordChip & { readonly volts: number[] } {
  /** At AIN0 to AIN3, against ground. */
  const volts = [0.5, 1.25, 3.3, 0];
  let doneAt: number | undefined;

  const chip = createWordChip({
    address,
    pointerBits: 2,
    reset: { 0: 0, 1: 0x8583, 2: 0x8000, 3: 0x7fff },
    writable: { 1: 0x7fff, 2: 0xffff, 3: 0xffff },
    written(register, value) {
      if (register !== CONFIG || (value & DONE) === 0) return;
      chip.registers.set(CONFIG, value & ~DONE);
      // 7.5: 128 samples a second, 10 % slow.
      doneAt = now() + 8.6;
    },
    read() {
      const config = chip.registers.get(CONFIG) ?? 0;
      // 9.4.2.2: without the bit of single shots it converts all the time, as the kernel's driver wants it.
      const isContinuous = (config & SINGLE_SHOTS) === 0;
      if (!isContinuous && (doneAt === undefined || now() < doneAt)) return;
      doneAt = undefined;
      const input = ((config >> 12) & 0b111) - 0b100;
      const range = RANGES_VOLT[(config >> 9) & 0b111] ?? Number.NaN;
      if (!isContinuous) chip.registers.set(CONFIG, config | DONE);
      chip.registers.set(CONVERSION, rawVoltageOf(volts[input] ?? 0, range));
    },
    poweredOn() {
      doneAt = undefined;
    },
  });
  return { ...chip, volts };
}
