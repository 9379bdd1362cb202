/** INA219 by its data sheet: it measures all the time, and computes from its calibration register. */

import { createWordChip, type WordChip } from './fake-word-chip.ts';

export interface Supply {
  /** In steps of 10 uV, signed. */
  rawShunt: number;
  /** In steps of 4 mV. */
  rawBus: number;
}

export function createFakeIna219(address = 0x40): WordChip & { readonly supply: Supply } {
  /** 8.6.4 and 9.2.2, the example of the data sheet: 20 mV and 11.98 V. */
  const supply: Supply = { rawShunt: 2_000, rawBus: 2_995 };
  const chip = createWordChip({
    address,
    pointerBits: 3,
    reset: { 0: 0x399f, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 },
    // Bit 0 of the calibration is always 0 (8.6.4.1).
    writable: { 0: 0xbfff, 5: 0xfffe },
    written(register, value) {
      if (register === 0 && (value & 0x8000) !== 0) chip.losePower();
    },
    read() {
      const { rawShunt, rawBus } = supply;
      // 8.5.1, equations 4 and 5.
      const current = Math.trunc((rawShunt * (chip.registers.get(5) ?? 0)) / 4_096);
      chip.registers.set(1, rawShunt & 0xffff);
      // 8.6.3.2: bits 15 to 3, and bit 1 for a finished conversion.
      chip.registers.set(2, (rawBus << 3) | 0b010);
      chip.registers.set(3, Math.trunc((Math.abs(current) * rawBus) / 5_000) & 0xffff);
      chip.registers.set(4, current & 0xffff);
    },
  });
  return { ...chip, supply };
}
