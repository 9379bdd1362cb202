/**
 * What the kernel's own drivers say of a chip, and what that is in the words of ours: an oracle that nobody here
 * has written. Each entry turns our value into the text of the kernel's file, digit for digit.
 */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../../lib/base/errors.ts';
import type { ChipOptions } from '../../../lib/flow/acquire/sources/i2c/chip.ts';
import type { FakeChip } from '../../support/chips/fake-chip.ts';

/** The slowest of these chips needs a third of a second. */
const LOOK_MS = 50;
const LOOKS_MAX = 40;

export interface KernelDriver {
  /** The name by which the kernel is told of the chip. */
  readonly name: string;
  /** Where its files are: beside the device, in a directory of this class. */
  readonly subsystem: 'iio' | 'hwmon';
  /** File -> our metric, and what the file says when our value is this. */
  readonly files: Readonly<Record<string, readonly [metric: string, text: (value: number) => string]>>;
  /** What our driver must be told to measure as this one does. */
  readonly options?: ChipOptions;
}

const milli = (value: number) => String(Math.round(value * 1_000));

/** The kernel computes in integers and cuts off what is left over, so we must not round. */
const quotient = (value: number, steps: number, scale: bigint, divisor: bigint) =>
  (BigInt(Math.round(value * steps)) * scale) / divisor;

/** 62.5 is 62, and -62.5 is -62: what a division in C leaves. */
const cutMilli = (value: number) => String(Math.trunc(value * 1_000));
const steps = (size: number) => (value: number) => String(Math.round(value / size));
const HWMON_TEMPERATURE = { temp1_input: ['temperature', milli] } as const;
const CUT_TEMPERATURE = { temp1_input: ['temperature', cutMilli] } as const;

/** drivers/iio/pressure/bmp280-core.c: hundredths of a degree, 1/256 pascal as kilopascal, 1/1024 percent. */
const CLIMATE = {
  in_temp_input: ['temperature', milli],
  in_pressure_input: [
    'pressure',
    (pascal: number) => {
      const nano = quotient(pascal, 256, 1_000_000_000n, 256_000n);
      return `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`;
    },
  ],
} as const;

/** To be loaded before: nobody in the machine does that by itself. */
export const KERNEL_MODULES = [
  'bmp280-i2c',
  'sht3x',
  'sht4x',
  'jc42',
  'lm75',
  'tmp102',
  'bh1750',
  'ina2xx-adc',
  'ti-ads1015',
];

/** drivers/iio/adc/ti-ads1015.c: 2.048 V unless a device tree says otherwise. */
const ADS1115_RANGE_VOLT = 2.048;
const ads1115Input = (input: number) => [`voltage_a${input}`, steps(ADS1115_RANGE_VOLT / 32_768)] as const;
/** In ohm, which is what our driver takes if it is told nothing. */
const INA219_SHUNT_OHM = 0.1;

/** By the `type` of our driver. */
export const KERNEL_DRIVERS: Readonly<Record<string, KernelDriver>> = {
  bme280: {
    name: 'bme280',
    subsystem: 'iio',
    files: {
      ...CLIMATE,
      in_humidityrelative_input: ['humidity', (percent) => String(quotient(percent, 1_024, 1_000n, 1_024n))],
    },
  },
  bmp280: { name: 'bmp280', subsystem: 'iio', files: CLIMATE },
  sht3x: {
    name: 'sht3x',
    subsystem: 'hwmon',
    files: { temp1_input: ['temperature', milli], humidity1_input: ['humidity', milli] },
  },
  sht4x: {
    name: 'sht4x',
    subsystem: 'hwmon',
    files: { temp1_input: ['temperature', milli], humidity1_input: ['humidity', milli] },
  },
  mcp9808: { name: 'jc42', subsystem: 'hwmon', files: CUT_TEMPERATURE },
  lm75: { name: 'lm75', subsystem: 'hwmon', files: HWMON_TEMPERATURE },
  lm75b: { name: 'lm75b', subsystem: 'hwmon', files: HWMON_TEMPERATURE },
  tmp102: { name: 'tmp102', subsystem: 'hwmon', files: CUT_TEMPERATURE },
  bh1750: {
    name: 'bh1750',
    subsystem: 'iio',
    files: { in_illuminance_raw: ['illuminance', steps(0.833333)] },
  },
  ads1115: {
    name: 'ads1115',
    subsystem: 'iio',
    files: {
      in_voltage0_raw: ads1115Input(0),
      in_voltage1_raw: ads1115Input(1),
      in_voltage2_raw: ads1115Input(2),
      in_voltage3_raw: ads1115Input(3),
    },
    options: { rangeVolt: ADS1115_RANGE_VOLT },
  },
  ina219: {
    name: 'ina219',
    subsystem: 'iio',
    // Its first voltage is that of the shunt, in steps of 10 uV, the second that of the bus, in steps of 4 mV.
    files: {
      in_voltage0_raw: ['current', steps(0.000_01 / INA219_SHUNT_OHM)],
      in_voltage1_raw: ['voltage', steps(0.004)],
    },
  },
};

/** What its files say, by their names, after the kernel's driver has been given the chip, and before it is taken away. */
export async function askKernel(
  adapter: number,
  chip: FakeChip,
  { name, subsystem, files }: KernelDriver,
): Promise<Readonly<Record<string, string>>> {
  const address = chip.address.toString(16).padStart(2, '0');
  const bus = `/sys/bus/i2c/devices/i2c-${adapter}`;
  // Never the synchronous calls: the driver talks to the chip meanwhile, and the chip is this process.
  await writeFile(join(bus, 'new_device'), `${name} 0x${address}`);
  try {
    const directory = await directoryOf(`/sys/bus/i2c/devices/${adapter}-00${address}`, subsystem);
    const said: Record<string, string> = {};
    for (const file of Object.keys(files)) {
      said[file] = await readOnceReady(join(directory, file));
    }
    return said;
  } finally {
    await writeFile(join(bus, 'delete_device'), `0x${address}`);
  }
}

/** A chip that has just been set up may have nothing to say yet. */
async function readOnceReady(file: string): Promise<string> {
  for (let look = 1; ; look += 1) {
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || look >= LOOKS_MAX) throw error;
      await sleep(LOOK_MS);
    }
  }
}

async function directoryOf(device: string, subsystem: 'iio' | 'hwmon'): Promise<string> {
  const parent = subsystem === 'iio' ? device : join(device, 'hwmon');
  const prefix = subsystem === 'iio' ? 'iio:device' : 'hwmon';
  const name = (await readdir(parent)).find((one) => one.startsWith(prefix));
  if (name === undefined) throw new Error(`the kernel's driver has not taken ${device}`);
  return join(parent, name);
}
