/**
 * Chips whose registers are 16 bits wide: one byte says which register, then the most significant byte comes
 * first. Always both bytes are read: of an LM75 that is asked for one byte of two, the data sheet says that it
 * can end holding SDA low.
 */

import type { I2cDevice } from '../chip.ts';
import { wordAt } from './words.ts';

export interface WordRegisters {
  /** Unsigned. */
  read(register: number): Promise<number>;
  write(register: number, value: number): Promise<void>;
}

export function createWordRegisters(device: I2cDevice): WordRegisters {
  return {
    read: async (register) => wordAt(await device.transfer(Uint8Array.of(register), 2)),
    async write(register, value) {
      await device.transfer(Uint8Array.of(register, value >> 8, value & 0xff), 0);
    },
  };
}
