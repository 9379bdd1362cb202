/**
 * The contract of an I2C chip. A driver is a short file that states what its data sheet says: addresses,
 * registers, conversion times, checksums, legal ranges. Everything that all chips have in common (turns on the
 * bus, deadlines, a second try within a round, beginning again after a failure, leaving a dead chip alone,
 * statistics) is done once, around the driver, by `chip-source.ts`.
 */

import type { Unit } from '../../../reading.ts';

/** One address on one bus, and all that a driver sees of them. */
export interface I2cDevice {
  /** 7 bits. */
  readonly address: number;

  /**
   * One exchange: writes `write`, then reads `readLength` bytes (0: only writes; an empty `write`: only reads).
   * Settles by the bus's own deadline. Rejects with a `ChipError`. One that nobody answered or that was garbled is
   * repeated once before that, so an exchange must do no harm when it is made twice.
   */
  transfer(write: Uint8Array, readLength: number): Promise<Uint8Array>;
}

/** What a chip measures. */
export interface ChipMetric {
  readonly metric: string;
  readonly unit: Unit;
  /** What the data sheet says it can measure; outside of it the value is no measurement. */
  readonly legal: readonly [min: number, max: number];
}

export interface ChipValue {
  readonly metric: string;
  /** In the unit of its metric. */
  readonly value: number;
}

export interface ChipDeps {
  readonly device: I2cDevice;
  /** Waits while the chip converts; rejects when `signal` aborts. Others use the bus meanwhile. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly options: ChipOptions;
}

/** Settings of single chips; each driver says which of them it knows, and checks them. */
export interface ChipOptions {
  /** bme280, bmp280: how many samples the chip averages. */
  readonly oversampling?: number | undefined;
  /** ina219: the resistor between V+ and V-, in ohm. */
  readonly shuntOhm?: number | undefined;
  /** ads1115: the largest voltage that is measured, in volt. */
  readonly rangeVolt?: number | undefined;
}

/** The values that an option may have: some, or a range. */
export type OptionRule = readonly number[] | { readonly min: number; readonly max: number };

export interface Chip {
  /**
   * Makes sure that this is the right chip, reads what only it knows, and sets it up. Called before the first
   * measurement, and again after any failure.
   */
  begin(signal: AbortSignal): Promise<void>;

  /**
   * One set of values. Throws a `ChipError` of class `power_lost` when the chip has forgotten its setup: it is
   * begun again at once. A value that is not there now (a sensor still in its first conversion) is left out.
   */
  measure(signal: AbortSignal): Promise<readonly ChipValue[]>;

  /** Leaves the chip in a state that another program can use: stops a periodic measurement, sleeps. */
  end?(signal: AbortSignal): Promise<void>;
}

export interface ChipDriver {
  /** The `type` of the source in the configuration: `sht4x`. */
  readonly type: string;
  /** For people: `Sensirion SHT40, SHT41 and SHT45`. */
  readonly title: string;
  /** Data sheet and its version: what the sections in the driver refer to. */
  readonly dataSheet: string;
  /** Where it can be, the usual address first. */
  readonly addresses: readonly [number, ...number[]];
  readonly metrics: readonly ChipMetric[];
  /** The least time between two measurements that the data sheet allows, if it is more than a second. */
  readonly intervalMinMs?: number;
  /** The options that this chip has; any other one, or another value, is an error of the configuration. */
  readonly options?: { readonly [K in keyof ChipOptions]?: OptionRule };
  /** The longest time that `begin` and `measure` take together on a bus of their own. */
  readonly measureMaxMs: number;

  /**
   * Whether the device is this chip, by a read without side effects (an id register, a serial number with its
   * checksum). Left out where the data sheet gives nothing to tell it by.
   */
  identify?(device: I2cDevice): Promise<boolean>;

  open(deps: ChipDeps): Chip;
}

/** Why an exchange or a measurement failed: the classes in which failures are counted. */
export const CHIP_FAULTS = [
  /** Nobody answers at this address. */
  'no_answer',
  /** The exchange was garbled, or the adapter failed (EIO). */
  'garbled',
  /** The bus did not move within its deadline, or the kernel gave up waiting for it. */
  'bus_stuck',
  /** A checksum over the answer does not hold. */
  'checksum',
  /** Another chip answers at this address. */
  'wrong_chip',
  /** The chip has lost power since it was set up. */
  'power_lost',
  /** The chip says, or shows, that it has not finished. */
  'not_ready',
  /** A value that the chip cannot measure. */
  'illegal_value',
  /** The device file is missing or may not be opened; a kernel driver owns the address; the addon is missing. */
  'unusable',
] as const;
export type ChipFault = (typeof CHIP_FAULTS)[number];

export interface ChipErrorOptions {
  readonly cause?: unknown;
  /** The code of the system's own error, such as `EREMOTEIO`. */
  readonly code?: string | undefined;
  /** `false`: the exchange was refused before it began, so the chip is not to blame. */
  readonly tried?: boolean;
}

export class ChipError extends Error {
  readonly fault: ChipFault;
  readonly code: string | undefined;
  readonly tried: boolean;

  /** `message` tells a beginner what to look at. */
  constructor(fault: ChipFault, message: string, options: ChipErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ChipError';
    this.fault = fault;
    this.code = options.code;
    this.tried = options.tried ?? true;
  }
}

const FAULTS: ReadonlySet<unknown> = new Set(CHIP_FAULTS);

/**
 * The class of anything that a driver threw, `undefined` if it names none. Told by the property `fault` and not by
 * the class: a driver of somebody's own cannot import ours.
 */
export function faultOf(thrown: unknown): ChipFault | undefined {
  const fault: unknown =
    typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'fault') : undefined;
  return isFault(fault) ? fault : undefined;
}

function isFault(fault: unknown): fault is ChipFault {
  return FAULTS.has(fault);
}
