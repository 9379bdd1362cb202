/**
 * Bosch BME280 (temperature, pressure, humidity) and BMP280 (without humidity) over I2C. Sections are
 * those of the data sheet BST-BME280-DS001. Each read is one measurement in forced mode (3.3.3): the
 * chip sleeps in between and does not warm itself. While it converts, we sleep on the clock.
 *
 * The chip is looked at again (id, calibration) after any failure and after a power loss, so one that
 * has been exchanged is never read with the calibration of its predecessor.
 */

import type { Clock } from '../../../../base/clock.ts';
import type { Measurement, SensorSource } from '../../sensor-source.ts';
import {
  type Bme280Calibration,
  compensateHumidity,
  compensatePressure,
  compensateTemperature,
  fineTemperature,
  parseCalibration,
} from './chips/bme280-compensation.ts';
import type { I2cBus } from './i2c-bus.ts';
import { hex } from './i2c-errors.ts';

/** 5.4: the registers used here. */
const REGISTER = {
  calibrationLow: 0x88,
  id: 0xd0,
  calibrationHigh: 0xe1,
  ctrlHum: 0xf2,
  status: 0xf3,
  ctrlMeas: 0xf4,
  config: 0xf5,
  data: 0xf7,
} as const;

/** 5.4.1; for the BMP280 section 4.3.1 of its own data sheet, BST-BMP280-DS001. */
const CHIPS: ReadonlyMap<number, { readonly humidity: boolean }> = new Map([
  [0x60, { humidity: true }],
  [0x58, { humidity: false }],
]);

/** 5.4.4: bit 3 while a conversion runs, bit 0 while the chip copies its calibration after power-on. */
const STATUS_MEASURING = 0x08;
const STATUS_UPDATING = 0x01;

/**
 * 5.4.6: a standby time of 62.5 ms, no filter. The time has no effect in forced mode: it is a mark of
 * ours that reads back as 0 once the chip has lost power.
 */
const CONFIG_MARK = 0x20;

/** 5.4.5: one measurement, then sleep. */
const MODE_FORCED = 0b01;

/** 5.4.7 and 5.4.8: what a channel that was skipped, or not measured since power-on, reads as. */
const SKIPPED_20_BITS = 0x80000;
const SKIPPED_16_BITS = 0x8000;

/** How many samples the chip averages; 5.4.3 and 5.4.5 code them as 1 to 5. */
const OVERSAMPLINGS = [1, 2, 4, 8, 16] as const;
export type Oversampling = (typeof OVERSAMPLINGS)[number];

/** 6.2: the address with SDO at ground, as most boards have it; 0x77 with SDO at the supply. */
export const BME280_ADDRESS = 0x76;

export interface Bme280Options {
  readonly name: string;
  readonly bus: I2cBus;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly address: number;
  readonly oversampling?: Oversampling | undefined;
  /** How often to read it; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

/** One measurement takes 10 ms at 1x and 113 ms at 16x; on a slow, shared bus it may wait for others. */
const DEADLINE_MS = 2_000;

/** A conversion that outlasts its data sheet maximum is looked at so often again, so far apart. */
const STATUS_LOOKS_MAX = 5;
const STATUS_PAUSE_MS = 2;

/** 1.1, 1.2, 1.3: outside of this the chip is not telling the truth, and a floating bus reads as all ones. */
const LEGAL = { celsius: [-40, 85], pascal: [30_000, 110_000] } as const;

export function createBme280Source(options: Bme280Options): SensorSource {
  const { name, bus, clock, address, oversampling = 1, intervalMs, deadlineMs = DEADLINE_MS } = options;
  const sampling = OVERSAMPLINGS.indexOf(oversampling) + 1;
  let calibration: Bme280Calibration | undefined;

  const read = (register: number, length: number) => bus.transfer(address, Uint8Array.of(register), length);
  const readByte = async (register: number) => (await read(register, 1))[0] ?? 0;
  const write = (register: number, value: number) => bus.transfer(address, Uint8Array.of(register, value), 0);

  async function becomeIdle(bit: number, what: string, signal: AbortSignal): Promise<void> {
    for (let look = 0; look < STATUS_LOOKS_MAX; look += 1) {
      if (((await readByte(REGISTER.status)) & bit) === 0) return;
      await clock.sleep(`${name} ${what}`, STATUS_PAUSE_MS, signal);
      signal.throwIfAborted();
    }
    throw new Error(`the chip at ${hex(address)} does not finish its ${what}`);
  }

  async function calibrate(signal: AbortSignal): Promise<Bme280Calibration> {
    const id = await readByte(REGISTER.id);
    const chip = CHIPS.get(id);
    if (chip === undefined) {
      throw new Error(
        `the chip at ${hex(address)} has id ${hex(id)}; a BME280 has 0x60, a BMP280 0x58. Is it another sensor?`,
      );
    }
    await becomeIdle(STATUS_UPDATING, 'start-up', signal);
    const low = await read(REGISTER.calibrationLow, 26);
    const high = chip.humidity ? await read(REGISTER.calibrationHigh, 7) : undefined;
    await write(REGISTER.config, CONFIG_MARK);
    return parseCalibration(low, high);
  }

  async function measure(signal: AbortSignal): Promise<readonly Measurement[]> {
    if (calibration !== undefined && (await readByte(REGISTER.config)) !== CONFIG_MARK)
      calibration = undefined;
    calibration ??= await calibrate(signal);
    const withHumidity = calibration.h !== undefined;
    // 5.4.3: the setting for humidity takes effect only with the write to ctrl_meas that follows it.
    if (withHumidity) await write(REGISTER.ctrlHum, sampling);
    await write(REGISTER.ctrlMeas, (sampling << 5) | (sampling << 2) | MODE_FORCED);
    await clock.sleep(`${name} conversion`, conversionMaxMs(oversampling, withHumidity), signal);
    signal.throwIfAborted();
    await becomeIdle(STATUS_MEASURING, 'conversion', signal);
    return measurementsOf(name, await read(REGISTER.data, withHumidity ? 8 : 6), calibration);
  }

  return {
    name,
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    async read(signal) {
      try {
        return await measure(signal);
      } catch (error) {
        calibration = undefined;
        throw error;
      }
    },
  };
}

/** 9.1: the longest time for one measurement, rounded up to whole milliseconds. */
export function conversionMaxMs(oversampling: Oversampling, withHumidity: boolean): number {
  const temperature = 2.3 * oversampling;
  const others = (withHumidity ? 2 : 1) * (2.3 * oversampling + 0.575);
  return Math.ceil(1.25 + temperature + others);
}

/** 4: one burst of pressure, temperature and humidity, so that the three belong to one measurement. */
function measurementsOf(
  sensor: string,
  data: Uint8Array,
  calibration: Bme280Calibration,
): readonly Measurement[] {
  const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0, h0 = 0, h1 = 0] = data;
  const rawPressure = (p0 << 12) | (p1 << 4) | (p2 >> 4);
  const rawTemperature = (t0 << 12) | (t1 << 4) | (t2 >> 4);
  const rawHumidity = (h0 << 8) | h1;
  const skipped =
    rawPressure === SKIPPED_20_BITS ||
    rawTemperature === SKIPPED_20_BITS ||
    (calibration.h !== undefined && rawHumidity === SKIPPED_16_BITS);
  if (skipped) throw new Error('the chip gave its reset values: it has not measured, or has just lost power');
  const fine = fineTemperature(rawTemperature, calibration);
  const celsius = compensateTemperature(fine);
  const pascal = compensatePressure(rawPressure, fine, calibration);
  assertLegal('temperature', celsius, LEGAL.celsius);
  assertLegal('pressure', pascal, LEGAL.pascal);
  const measurements: Measurement[] = [
    { sensor, metric: 'temperature', unit: 'celsius', value: celsius },
    { sensor, metric: 'pressure', unit: 'pascal', value: pascal },
  ];
  if (calibration.h !== undefined) {
    const value = compensateHumidity(rawHumidity, fine, calibration.h);
    measurements.push({ sensor, metric: 'humidity', unit: 'percent', value });
  }
  return measurements;
}

function assertLegal(what: string, value: number, [min, max]: readonly [number, number]): void {
  if (value >= min && value <= max) return;
  throw new Error(
    `${what} ${value} is outside of what the chip can measure (${min} to ${max}): check its wiring`,
  );
}
