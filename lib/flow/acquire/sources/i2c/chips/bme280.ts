/**
 * Bosch BME280 (temperature, pressure, humidity) and BMP280 (without humidity). Sections are those of the data
 * sheet BST-BME280-DS001. Each measurement is one in forced mode (3.3.3): the chip sleeps in between and does not
 * warm itself. Its id tells the two apart, and one is not taken for the other: a module sold as a BME280 that
 * holds a BMP280 is common, and its buyer should know. Formulas: `bme280-compensation.ts`, equal to the kernel's.
 */

import type { Chip, ChipDeps, ChipDriver, ChipMetric, ChipValue, I2cDevice } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import {
  type Bme280Calibration,
  compensateHumidity,
  compensatePressure,
  compensateTemperature,
  fineTemperature,
  parseCalibration,
} from './bme280-compensation.ts';
import { powerLost, unlessItRefuses, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { untilDone } from './until-done.ts';

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
const ID = { bme280: 0x60, bmp280: 0x58 } as const;
type Kind = keyof typeof ID;

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

/** 5.4.7 and 5.4.8: what a channel that was not measured since power-on reads as. */
const RESET_20_BITS = 0x80000;
const RESET_16_BITS = 0x8000;

/** How many samples the chip averages; 5.4.3 and 5.4.5 code them as 1 to 5. */
const OVERSAMPLINGS: readonly number[] = [1, 2, 4, 8, 16];

/** 1.2, 1.3, 1.1. */
const METRICS: readonly ChipMetric[] = [
  { metric: 'temperature', unit: 'celsius', legal: [-40, 85] },
  { metric: 'pressure', unit: 'pascal', legal: [30_000, 110_000] },
];
const HUMIDITY: ChipMetric = { metric: 'humidity', unit: 'percent', legal: [0, 100] };

export const BME280: ChipDriver = driverOf('bme280', {
  title: 'Bosch BME280',
  dataSheet: 'BST-BME280-DS001 1.6',
  metrics: [...METRICS, HUMIDITY],
});

export const BMP280: ChipDriver = driverOf('bmp280', {
  title: 'Bosch BMP280',
  dataSheet: 'BST-BMP280-DS001 1.19',
  metrics: METRICS,
});

function driverOf(kind: Kind, parts: Pick<ChipDriver, 'title' | 'dataSheet' | 'metrics'>): ChipDriver {
  const driver: ChipDriver = {
    type: kind,
    ...parts,
    // 6.2: SDO at ground, as most boards have it, or at the supply.
    addresses: [0x76, 0x77],
    options: { oversampling: OVERSAMPLINGS },
    // 113 ms of conversion at 16x; the rest are some fifty bytes at 100 kHz, and looks at a late status.
    measureMaxMs: 160,
    identify: (device) => unlessItRefuses(async () => (await idOf(device)) === ID[kind]),
    open: (deps) => {
      checkOptions(driver, deps.options);
      return openChip(kind, deps);
    },
  };
  return driver;
}

async function idOf(device: I2cDevice): Promise<number | undefined> {
  return (await device.transfer(Uint8Array.of(REGISTER.id), 1))[0];
}

function openChip(kind: Kind, { device, pause, options: { oversampling = 1 } }: ChipDeps): Chip {
  const withHumidity = kind === 'bme280';
  const sampling = OVERSAMPLINGS.indexOf(oversampling) + 1;
  let calibration: Bme280Calibration | undefined;

  const read = (register: number, length: number) => device.transfer(Uint8Array.of(register), length);
  const readByte = async (register: number) => (await read(register, 1))[0] ?? 0;
  const write = (register: number, value: number) => device.transfer(Uint8Array.of(register, value), 0);

  const becomeIdle = (bit: number, what: string, signal: AbortSignal) =>
    untilDone({ device, pause }, what, async () => ((await readByte(REGISTER.status)) & bit) === 0, signal);

  return {
    async begin(signal) {
      calibration = undefined;
      const id = (await idOf(device)) ?? 0;
      if (id !== ID[kind]) throw wrongChip(device, `a ${kind.toUpperCase()}`, describeId(id));
      await becomeIdle(STATUS_UPDATING, 'start-up', signal);
      const low = await read(REGISTER.calibrationLow, 26);
      const high = withHumidity ? await read(REGISTER.calibrationHigh, 7) : undefined;
      await write(REGISTER.config, CONFIG_MARK);
      calibration = parseCalibration(low, high);
    },

    async measure(signal) {
      if (calibration === undefined || (await readByte(REGISTER.config)) !== CONFIG_MARK)
        throw powerLost(device);
      // 5.4.3: the setting for humidity takes effect only with the write to ctrl_meas that follows it.
      if (withHumidity) await write(REGISTER.ctrlHum, sampling);
      await write(REGISTER.ctrlMeas, (sampling << 5) | (sampling << 2) | MODE_FORCED);
      await pause(conversionMaxMs(oversampling, withHumidity), signal);
      await becomeIdle(STATUS_MEASURING, 'conversion', signal);
      const values = valuesOf(await read(REGISTER.data, withHumidity ? 8 : 6), calibration);
      // It was set up when it began to convert, and now there is no measurement.
      if (values === undefined) throw powerLost(device);
      return values;
    },
  };
}

function describeId(id: number): string {
  const [kind] = Object.entries(ID).find(([, known]) => known === id) ?? [];
  if (kind === undefined) return `it has id ${hex(id)}, a BME280 has 0x60 and a BMP280 0x58`;
  return `by its id, ${hex(id)}, it is a ${kind.toUpperCase()}; write \`type: ${kind}\``;
}

/** 9.1: the longest time for one measurement, rounded up to whole milliseconds. */
export function conversionMaxMs(oversampling: number, withHumidity: boolean): number {
  const temperature = 2.3 * oversampling;
  const others = (withHumidity ? 2 : 1) * (2.3 * oversampling + 0.575);
  return Math.ceil(1.25 + temperature + others);
}

/**
 * 4: one burst of pressure, temperature and humidity, so that the three belong to one measurement. `undefined` if
 * one of them still has the value that it has after power-on.
 */
function valuesOf(data: Uint8Array, calibration: Bme280Calibration): readonly ChipValue[] | undefined {
  const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0, h0 = 0, h1 = 0] = data;
  const rawPressure = (p0 << 12) | (p1 << 4) | (p2 >> 4);
  const rawTemperature = (t0 << 12) | (t1 << 4) | (t2 >> 4);
  const rawHumidity = (h0 << 8) | h1;
  const { h } = calibration;
  if (rawPressure === RESET_20_BITS || rawTemperature === RESET_20_BITS) return undefined;
  if (h !== undefined && rawHumidity === RESET_16_BITS) return undefined;
  const fine = fineTemperature(rawTemperature, calibration);
  return [
    { metric: 'temperature', value: compensateTemperature(fine) },
    { metric: 'pressure', value: compensatePressure(rawPressure, fine, calibration) },
    ...(h === undefined ? [] : [{ metric: 'humidity', value: compensateHumidity(rawHumidity, fine, h) }]),
  ];
}
