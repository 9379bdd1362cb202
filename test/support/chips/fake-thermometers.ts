/** MCP9808, TMP102 and LM75 by their data sheets: one temperature in one register. */

import type { Now } from './fake-chip.ts';
import { createWordChip, type WordChip } from './fake-word-chip.ts';

/** What the test may change: in steps of the chip's own, signed. */
export interface Thermometer {
  steps: number;
}

const TEMPERATURE = 0;
const CONFIG = 1;

/** Steps of 1/16 celsius in 13 bits, the three bits above them from the limits of the alert. */
export function createFakeMcp9808(address = 0x18): WordChip & { readonly thermometer: Thermometer } {
  const thermometer = { steps: 404 };
  const chip = createWordChip({
    address,
    pointerBits: 4,
    reset: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0x0054, 7: 0x0400, 8: 0x03 },
    writable: { 1: 0x07ef, 2: 0x1ffc, 3: 0x1ffc, 4: 0x1ffc, 8: 0x03 },
    byteWide: [8],
    read(register) {
      // 5.1.3: above the limits of 0 celsius that it has after power-on, all but the lower one.
      if (register === 5) chip.registers.set(5, (thermometer.steps & 0x1fff) | 0xc000);
    },
  });
  return { ...chip, thermometer };
}

/** 6.5: at most. */
const CONVERSION_OF_TMP102_MS = 35;

/** Steps of 1/16 celsius: 12 bits from the left, or 13 in extended mode, where the lowest bit is 1. */
export function createFakeTmp102(now: Now, address = 0x48): WordChip & { readonly thermometer: Thermometer } {
  const thermometer = { steps: 400 };
  /** After power-on it converts all the time (7.4.1), as the kernel's driver wants it. */
  let doneAt: number | undefined = now() + CONVERSION_OF_TMP102_MS;
  const isExtended = () => ((chip.registers.get(CONFIG) ?? 0) & 0x0010) !== 0;
  const chip = createWordChip({
    address,
    pointerBits: 2,
    // 7.5.2: 0 celsius until the first conversion is complete. 7.5.3: bit 5 reads as 1 below the limit.
    reset: { 0: 0, 1: 0x60a0, 2: 0x4b00, 3: 0x5000 },
    writable: { 1: 0x1fd0, 2: 0xfff0, 3: 0xfff0 },
    written(register, value) {
      if (register === CONFIG && (value & 0x8100) === 0x8100) doneAt = now() + CONVERSION_OF_TMP102_MS;
    },
    read() {
      const config = (chip.registers.get(CONFIG) ?? 0) & 0x7fff;
      const isAsleep = (config & 0x0100) !== 0;
      const isDone = doneAt !== undefined && now() >= doneAt;
      if (isDone) {
        if (isAsleep) doneAt = undefined;
        const left = isExtended() ? thermometer.steps << 3 : Math.min(2_047, thermometer.steps) << 4;
        chip.registers.set(TEMPERATURE, (left & 0xfff8) | (isExtended() ? 1 : 0));
      }
      // 7.4.4: while it sleeps, bit 15 says that no conversion is under way.
      chip.registers.set(CONFIG, config | (isAsleep && doneAt === undefined ? 0x8000 : 0));
    },
    poweredOn() {
      doneAt = now() + CONVERSION_OF_TMP102_MS;
    },
  });
  return { ...chip, thermometer };
}

/** `bits` from the left: 9 in steps of 1/2 celsius, 11 in steps of 1/8. What is below them is not defined. */
export function createFakeLm75(
  now: Now,
  { bits = 9, below = 0, address = 0x48 }: { bits?: number; below?: number; address?: number } = {},
): WordChip & { readonly thermometer: Thermometer } {
  const thermometer = { steps: 25 * 2 ** (bits - 8) };
  let poweredAt = now();
  const chip = createWordChip({
    address,
    pointerBits: 3,
    reset: { 0: 0, 1: 0, 2: 0x4b00, 3: 0x5000 },
    writable: { 1: 0x1f, 2: 0xff80, 3: 0xff80 },
    byteWide: [CONFIG],
    read() {
      const isConverted = now() - poweredAt >= 300;
      const left = (thermometer.steps << (16 - bits)) & 0xffff;
      if (isConverted) chip.registers.set(TEMPERATURE, left | (below & (2 ** (16 - bits) - 1)));
    },
    poweredOn() {
      poweredAt = now();
    },
  });
  return { ...chip, thermometer };
}
