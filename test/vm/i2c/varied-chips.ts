/**
 * Chips in states that nobody has chosen, for each driver that is held against one of the kernel: whatever its
 * registers may hold within the data sheet, both must make the same number of it.
 */

import { createFakeAds1115 } from '../../support/chips/fake-ads1115.ts';
import { createFakeBh1750 } from '../../support/chips/fake-bh1750.ts';
import type { FakeChip } from '../../support/chips/fake-chip.ts';
import { createFakeIna219 } from '../../support/chips/fake-ina219.ts';
import { createFakeSht3x, createFakeSht4x } from '../../support/chips/fake-sht.ts';
import {
  createFakeLm75,
  createFakeMcp9808,
  createFakeTmp102,
} from '../../support/chips/fake-thermometers.ts';
import { createFakeBme280 } from '../../support/fake-bme280.ts';

/** 0 to 1. */
export type Fraction = () => number;

/** The one with the longest formula, and a calibration that goes into it, gets more than the others. */
const CLIMATES = 8;
const STATES = 3;

const now = () => performance.now();

export interface VariedChip {
  /** How many states of it. */
  readonly times: number;
  readonly create: (fraction: Fraction) => FakeChip;
}

/** By the `type` of our driver. */
export const VARIED_CHIPS: Readonly<Record<string, VariedChip>> = {
  bme280: { times: CLIMATES, create: (fraction) => variedBme280(fraction) },
  bmp280: { times: STATES, create: (fraction) => variedBme280(fraction, 0x58) },
  // -40 to 125 celsius, in steps of their own.
  mcp9808: varied(
    () => createFakeMcp9808(),
    ({ thermometer }, fraction) => {
      thermometer.steps = between(fraction, -40 * 16, 125 * 16);
    },
  ),
  tmp102: varied(
    () => createFakeTmp102(now),
    ({ thermometer }, fraction) => {
      thermometer.steps = between(fraction, -40 * 16, 125 * 16);
    },
  ),
  lm75: varied(
    () => createFakeLm75(now),
    ({ thermometer }, fraction) => {
      thermometer.steps = between(fraction, -40 * 2, 125 * 2);
    },
  ),
  lm75b: varied(
    () => createFakeLm75(now, { bits: 11 }),
    ({ thermometer }, fraction) => {
      thermometer.steps = between(fraction, -40 * 8, 125 * 8);
    },
  ),
  sht3x: varied(() => createFakeSht3x(now), varyClimate),
  sht4x: varied(() => createFakeSht4x(now), varyClimate),
  ina219: varied(
    () => createFakeIna219(),
    ({ supply }, fraction) => {
      // 8.6.2.1: up to 320 mV either way in 10 uV; 26 V in 4 mV.
      supply.rawShunt = between(fraction, -32_000, 32_000);
      supply.rawBus = between(fraction, 0, 6_500);
    },
  ),
  ads1115: varied(
    () => createFakeAds1115(now),
    ({ volts }, fraction) => {
      for (const input of volts.keys()) volts[input] = 2.04 * fraction();
    },
  ),
  bh1750: varied(
    () => createFakeBh1750(now),
    (chip, fraction) => {
      chip.lux = between(fraction, 1, 50_000);
    },
  ),
};

function varied<Chip extends FakeChip>(
  create: () => Chip,
  vary: (chip: Chip, fraction: Fraction) => void,
): VariedChip {
  return {
    times: STATES,
    create(fraction) {
      const chip = create();
      vary(chip, fraction);
      return chip;
    },
  };
}

/** Well within -40 to 125 celsius and 0 to 100 percent, of which the rest is no reading but a failure. */
function varyClimate(
  { climate }: { readonly climate: { rawTemperature: number; rawHumidity: number } },
  fraction: Fraction,
): void {
  climate.rawTemperature = between(fraction, 0.05 * 65_536, 0.95 * 65_536);
  climate.rawHumidity = between(fraction, 0.1 * 65_536, 0.8 * 65_536);
}

/** Within some 20 celsius, 100 hPa and any humidity of the data sheet's example, by another calibration. */
export function variedBme280(fraction: Fraction, id?: number): FakeChip {
  const chip = createFakeBme280(id === undefined ? {} : { id });
  const { registers } = chip;
  const around = (value: number, spread: number) => between(fraction, value - spread, value + spread);
  const view = new DataView(registers.buffer);
  for (let register = 0x88; register < 0xa0; register += 2) {
    const usual = view.getInt16(register, true);
    view.setInt16(register, around(usual, Math.abs(usual) * 0.01), true);
  }
  const raw = {
    pressure: around(415_148, 40_000),
    temperature: around(519_888, 50_000),
    humidity: around(30_000, 4_000),
  };
  return {
    ...chip,
    write(bytes) {
      chip.write(bytes);
      // It measures now, once or again and again; the fake always measures its example.
      if (bytes[0] !== 0xf4 || ((bytes[1] ?? 0) & 0b11) === 0) return;
      for (const [register, value] of [
        [0xf7, raw.pressure],
        [0xfa, raw.temperature],
      ] as const) {
        registers.set([value >> 12, (value >> 4) & 0xff, (value << 4) & 0xf0], register);
      }
      registers.set([raw.humidity >> 8, raw.humidity & 0xff], 0xfd);
    },
  };
}

function between(fraction: Fraction, least: number, greatest: number): number {
  return Math.round(least + fraction() * (greatest - least));
}
