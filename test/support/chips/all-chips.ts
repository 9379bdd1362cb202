/** Every chip that there is a driver for, as a fake in the state of the data sheet's examples. */

import { createFakeBme280 } from '../fake-bme280.ts';
import { createFakeAds1115 } from './fake-ads1115.ts';
import { createFakeBh1750 } from './fake-bh1750.ts';
import type { FakeChip, Now } from './fake-chip.ts';
import { createFakeIna219 } from './fake-ina219.ts';
import { createFakeScd4x } from './fake-scd4x.ts';
import { createFakeSht3x, createFakeSht4x } from './fake-sht.ts';
import { createFakeLm75, createFakeMcp9808, createFakeTmp102 } from './fake-thermometers.ts';

export interface ChipExample {
  readonly create: (now: Now) => FakeChip;
  /** What the driver gives, when it is what it should be. */
  readonly values: Readonly<Record<string, number>>;
  /** How long after it was begun it has its first value. */
  readonly firstValueMs: number;
}

const AT_ONCE = { firstValueMs: 0 };
const CLIMATE_OF_BME280 = { temperature: 25.08, pressure: 100_653.25390625 };

/** By the `type` of the driver. */
export const CHIP_EXAMPLES: Readonly<Record<string, ChipExample>> = {
  bme280: {
    create: () => createFakeBme280(),
    values: { ...CLIMATE_OF_BME280, humidity: 50.939453125 },
    ...AT_ONCE,
  },
  bmp280: { create: () => createFakeBme280({ id: 0x58 }), values: CLIMATE_OF_BME280, ...AT_ONCE },
  sht3x: { create: createFakeSht3x, values: { temperature: 24.499, humidity: 47 }, ...AT_ONCE },
  sht4x: { create: createFakeSht4x, values: { temperature: 24.499, humidity: 46.999 }, ...AT_ONCE },
  scd4x: {
    create: createFakeScd4x,
    values: { co2: 500, temperature: (175 * 0x6667) / 65_536 - 45, humidity: (100 * 0x5eb9) / 65_536 },
    firstValueMs: 5_000,
  },
  ads1115: {
    create: createFakeAds1115,
    values: { voltage_a0: 0.5, voltage_a1: 1.25, voltage_a2: 3.3, voltage_a3: 0 },
    ...AT_ONCE,
  },
  ina219: {
    create: () => createFakeIna219(),
    values: { voltage: 11.98, current: 0.2, power: 2.396 },
    ...AT_ONCE,
  },
  bh1750: { create: createFakeBh1750, values: { illuminance: 819.999672 }, ...AT_ONCE },
  mcp9808: { create: () => createFakeMcp9808(), values: { temperature: 25.25 }, ...AT_ONCE },
  tmp102: { create: createFakeTmp102, values: { temperature: 25 }, ...AT_ONCE },
  lm75: { create: createFakeLm75, values: { temperature: 25 }, ...AT_ONCE },
  lm75b: { create: (now) => createFakeLm75(now, { bits: 11 }), values: { temperature: 25 }, ...AT_ONCE },
};
