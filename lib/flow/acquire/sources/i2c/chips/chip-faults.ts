/** What drivers have to say when a chip is not as it should be, in the same words for all of them. */

import { ChipError, type ChipFault, faultOf, type I2cDevice } from '../chip.ts';
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

/** How another chip reacts to being asked for what it does not have; a chip that is gone, too. */
const REFUSALS: ReadonlySet<ChipFault | undefined> = new Set(['no_answer', 'not_ready', 'checksum'] as const);

/** What `look` finds; `false` if the chip does not answer to it. A bus that does not move is still a failure. */
export async function unlessItRefuses(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (REFUSALS.has(faultOf(error))) return false;
    throw error;
  }
}
