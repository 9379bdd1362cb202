/**
 * A chip with registers of 16 bits behind a pointer: the first byte of a write sets the pointer, the rest is the
 * new value, a read gives the register at the pointer, most significant byte first. Longer reads go on with ones,
 * as a bus does when nobody drives it.
 */

import { bytesOf, type FakeChip } from './fake-chip.ts';

export interface WordChipParts {
  readonly address: number;
  /** How many bits of the pointer the chip looks at. */
  readonly pointerBits: number;
  /** What the registers hold after power-on; a register that is missing reads as ones. */
  readonly reset: Readonly<Record<number, number>>;
  /** Which bits of a register can be written; none if left out. */
  readonly writable: Readonly<Record<number, number>>;
  /** Registers of one byte. */
  readonly byteWide?: readonly number[];
  /** After a write of the whole register. */
  readonly written?: (register: number, value: number) => void;
  /** Before a read: whatever changes by itself. */
  readonly read?: (register: number) => void;
  /** After power-on. */
  readonly poweredOn?: () => void;
}

export interface WordChip extends FakeChip {
  readonly registers: Map<number, number>;
}

export function createWordChip(parts: WordChipParts): WordChip {
  const { address, pointerBits, byteWide = [] } = parts;
  const registers = new Map<number, number>();
  let pointer = 0;

  function losePower(): void {
    registers.clear();
    for (const [register, value] of Object.entries(parts.reset)) registers.set(Number(register), value);
    pointer = 0;
    parts.poweredOn?.();
  }

  losePower();
  return {
    address,
    registers,
    losePower,

    write([first = 0, ...value]) {
      pointer = first & (2 ** pointerBits - 1);
      const whole = byteWide.includes(pointer) ? 1 : 2;
      if (value.length < whole) return;
      const [high = 0, low = 0] = value;
      const given = whole === 1 ? high : (high << 8) | low;
      const mask = parts.writable[pointer] ?? 0;
      const kept = ((registers.get(pointer) ?? 0) & ~mask) | (given & mask);
      if (registers.has(pointer)) registers.set(pointer, kept);
      parts.written?.(pointer, given);
    },

    read(length) {
      parts.read?.(pointer);
      const value = registers.get(pointer) ?? 0xffff;
      const bytes = byteWide.includes(pointer) ? [value] : bytesOf(value);
      return Uint8Array.from({ length }, (_, index) => bytes[index] ?? 0xff);
    },
  };
}
