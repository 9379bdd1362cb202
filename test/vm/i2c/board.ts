/**
 * Chips on the buses of a machine: for the program that plays them in there (plugged-board.ts), and for the
 * configuration of the gateway that reads them. Bus N is /dev/i2c-N, because the adapters are plugged in in this
 * order and the machine has no other.
 */

import { CHIP_DRIVERS } from '../../../lib/flow/acquire/sources/i2c/chips/index.ts';
import type { ChipTrouble } from './chip-bus.ts';

export interface BoardChip {
  /** The name of the source that reads it. */
  readonly name: string;
  /** The `type` of our driver. */
  readonly type: string;
  readonly address: number;
  readonly trouble: ChipTrouble;
}

/** As many chips as fit on one bus when each is at an address that its data sheet allows, and all are of use at once. */
const CROWD: readonly (readonly [type: string, addresses: readonly number[]])[] = [
  ['mcp9808', [0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]],
  ['bh1750', [0x23, 0x5c]],
  ['ina219', [0x40, 0x41, 0x42, 0x43, 0x47]],
  ['sht3x', [0x44, 0x45]],
  ['sht4x', [0x46]],
  ['tmp102', [0x48, 0x49]],
  ['ads1115', [0x4a, 0x4b]],
  ['lm75', [0x4c, 0x4d, 0x4e, 0x4f]],
  ['bme280', [0x76]],
  ['bmp280', [0x77]],
];
/** On two buses: one has no room for so many. */
export const CROWD_SIZE = 50;

/** The buses, in the order of their numbers. */
export const BUS = { wedged: 0, flaky: 1, full: 2, rest: 3, forbidden: 4, missing: 9 } as const;

/** An exchange is two messages, so one exchange in five fails. */
const FLAKY = 0.1;

const full = crowdOn(BUS.full);
const rest = crowdOn(BUS.rest).slice(0, CROWD_SIZE - full.length);

/** What is plugged in, by bus. */
export const BOARD: readonly (readonly BoardChip[])[] = [
  [chip('wedged', 'bme280', 0x76, 'wedge')],
  [chip('flaky', 'bme280', 0x76, FLAKY), chip('beside-flaky', 'mcp9808', 0x18)],
  full,
  rest,
  [chip('forbidden', 'bme280', 0x76)],
];

/** How many readings a round has when every chip that can be read has given all its values. */
export const READABLE: number = BOARD.flat()
  .filter(({ name }) => name !== 'wedged' && name !== 'forbidden')
  .reduce((sum, { type }) => sum + (CHIP_DRIVERS.find((one) => one.type === type)?.metrics.length ?? 0), 0);

/** The `sources:` of a configuration, one a line. */
export function boardSources(): string {
  const entries = BOARD.flatMap((chips, bus) => chips.map((one) => entryOf(one, bus)));
  return [...entries, entryOf(chip('missing', 'bme280', 0x76), BUS.missing)].join('\n');
}

function entryOf({ name, type, address }: BoardChip, bus: number): string {
  return `  - {type: ${type}, name: ${name}, bus: ${bus}, address: ${address}}`;
}

function crowdOn(bus: number): BoardChip[] {
  return CROWD.flatMap(([type, addresses]) =>
    addresses.map((address) => chip(`${type}-${bus}-${address.toString(16)}`, type, address)),
  );
}

function chip(name: string, type: string, address: number, trouble: ChipTrouble = 'none'): BoardChip {
  return { name, type, address, trouble };
}
