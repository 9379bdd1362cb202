/**
 * A chip of Sensirion's: a command, a time in which it acknowledges nothing, then the words of the answer, each
 * with its checksum. A command that it does not know, or refuses in its present state, is not acknowledged, and
 * neither is a read without an answer.
 */

import { bytesOf, type FakeChip, type Now, notAcknowledged } from './fake-chip.ts';

export interface SensirionCommand {
  /** How long the chip is busy with it. */
  readonly busyMs: number;
  /** What it does and what it answers; `undefined`: it is refused. */
  readonly run: () => readonly number[] | undefined;
}

export interface SensirionParts {
  readonly address: number;
  readonly now: Now;
  /** By the bytes of the command in hexadecimal: `2400`. */
  readonly commands: Readonly<Record<string, SensirionCommand>>;
  readonly poweredOn: () => void;
}

export function createFakeSensirion({ address, now, commands, poweredOn }: SensirionParts): FakeChip {
  let answer: readonly number[] = [];
  let busyUntil = 0;

  return {
    address,

    write(bytes) {
      if (now() < busyUntil) throw notAcknowledged();
      answer = [];
      const command = commands[[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')];
      const words = command?.run();
      if (command === undefined || words === undefined) throw notAcknowledged();
      busyUntil = now() + command.busyMs;
      answer = words;
    },

    read(length) {
      if (now() < busyUntil || answer.length === 0) throw notAcknowledged();
      const bytes = answer.flatMap((word) => [...bytesOf(word), checksumOf(word)]);
      answer = [];
      return Uint8Array.from({ length }, (_, index) => bytes[index] ?? 0xff);
    },

    losePower() {
      answer = [];
      busyUntil = 0;
      poweredOn();
    },
  };
}

/**
 * CRC-8 0x31 from 0xFF by long division: the message, inverted in its first byte, times x^8, modulo the polynomial.
 * Written another way than in the drivers, so that one does not repeat the other's mistake.
 */
export function checksumOf(word: number): number {
  let rest = (word << 8) ^ 0xff_00_00;
  for (let bit = 23; bit >= 8; bit -= 1) {
    if ((rest & (1 << bit)) !== 0) rest ^= 0x1_31 << (bit - 8);
  }
  return rest;
}
