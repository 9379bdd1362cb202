/** What drivers have to say when a chip is not as it should be, in the same words for all of them. */

import { ChipError, type I2cDevice } from '../chip.ts';
import { hex } from '../i2c-errors.ts';

/** `wanted`: `an SHT4x`; `found`: what was read instead, as a part of a sentence. */
export function wrongChip(device: I2cDevice, wanted: string, found: string): ChipError {
  return new ChipError(
    'wrong_chip',
    `the chip at ${hex(device.address)} is not ${wanted}: ${found}. Is it another sensor, or the wrong \`type\`?`,
  );
}

export function powerLost(device: I2cDevice): ChipError {
  return new ChipError(
    'power_lost',
    `the chip at ${hex(device.address)} has forgotten its setup: it has lost power. If it happens again, look for a loose wire`,
  );
}

/** `what`: `conversion`. */
export function notReady(device: I2cDevice, what: string, cause?: unknown): ChipError {
  return new ChipError(
    'not_ready',
    `the chip at ${hex(device.address)} does not finish its ${what}`,
    cause === undefined ? {} : { cause },
  );
}
