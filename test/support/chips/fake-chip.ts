/**
 * A chip without its silicon: what it does with the bytes of an exchange, and what a power loss does to it. Each
 * fake is the register map (or the command set) of a data sheet as a small state machine, and says in formulas
 * which raw value stands for which measurement, so that it can be written again in another language.
 */

import { ChipError } from '../../../lib/flow/acquire/sources/i2c/chip.ts';

/** Tells a fake how much time has passed, in milliseconds. */
export type Now = () => number;

export interface FakeChip {
  readonly address: number;
  /** The bytes of one write. Throws `notAcknowledged()` where the chip would not acknowledge them. */
  write(bytes: Uint8Array): void;
  /** Exactly `length` bytes, or throws `notAcknowledged()`. */
  read(length: number): Uint8Array;
  /** Pulls the plug and puts it back: everything is as after power-on. */
  losePower(): void;
}

/** What the bus says when nobody acknowledges: the address, or a byte. */
export function notAcknowledged(): ChipError {
  return new ChipError('no_answer', 'EREMOTEIO: not acknowledged', { code: 'EREMOTEIO' });
}

/** An exchange with the fake: the write first, then the read, as far as there is one. */
export function exchangeWith(chip: FakeChip, write: Uint8Array, readLength: number): Uint8Array {
  // An exchange of nothing only addresses the chip; ours all answer to that.
  if (write.length > 0) chip.write(write);
  return readLength > 0 ? chip.read(readLength) : new Uint8Array();
}

export function bytesOf(word: number): [high: number, low: number] {
  return [(word >> 8) & 0xff, word & 0xff];
}
