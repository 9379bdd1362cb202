/** SHT3x and SHT4x by their data sheets: temperature and humidity on demand. */

import type { FakeChip, Now } from './fake-chip.ts';
import { createFakeSensirion, type SensirionCommand } from './fake-sensirion.ts';

/** Raw words that the test may change. */
export interface Climate {
  rawTemperature: number;
  rawHumidity: number;
}

/** Both kinds: T = -45 + 175 * raw / 65536. */
function rawTemperatureOf(celsius: number): number {
  return Math.round(((celsius + 45) / 175) * 65_536);
}
/** SHT3x: RH = 100 * raw / 65536. */
function rawHumidityOfSht3x(percent: number): number {
  return Math.round((percent / 100) * 65_536);
}
/** SHT4x: RH = -6 + 125 * raw / 65536. */
function rawHumidityOfSht4x(percent: number): number {
  return Math.round(((percent + 6) / 125) * 65_536);
}

/** 24.5 celsius and 47 percent, as the examples of the tests have it. */
function usual(humidity: (percent: number) => number): Climate {
  return { rawTemperature: rawTemperatureOf(24.5), rawHumidity: humidity(47) };
}

export function createFakeSht3x(now: Now, address = 0x44): FakeChip & { readonly climate: Climate } {
  const climate = usual(rawHumidityOfSht3x);
  /** 4.11: alert pending and reset detected, as after power-on. */
  let status = 0x8010;
  let periodic = false;

  const idle = (run: () => readonly number[] | undefined) => () => (periodic ? undefined : run());
  const commands: Record<string, SensirionCommand> = {
    // 2.1, table 4: 15 ms at most with the supply of a Raspberry Pi.
    '2400': { busyMs: 15, run: idle(() => [climate.rawTemperature, climate.rawHumidity]) },
    '2130': {
      busyMs: 0,
      run: idle(() => {
        periodic = true;
        return [];
      }),
    },
    '3093': {
      busyMs: 1,
      run: () => {
        periodic = false;
        return [];
      },
    },
    '30a2': {
      busyMs: 1.5,
      run: idle(() => {
        status = 0x8010;
        return [];
      }),
    },
    f32d: { busyMs: 0, run: () => [status] },
    '3041': {
      busyMs: 0,
      run: () => {
        status = 0;
        return [];
      },
    },
    // The limits of the alert, which the kernel's driver looks at: high and low, to set and to clear.
    e11f: { busyMs: 0, run: () => [0xcd33] },
    e114: { busyMs: 0, run: () => [0xc92d] },
    e109: { busyMs: 0, run: () => [0x3869] },
    e102: { busyMs: 0, run: () => [0x3466] },
    // The serial number, by the application note on electronic identification codes.
    '3780': { busyMs: 0, run: () => [0x0c1a, 0x2b3c] },
  };
  const poweredOn = () => {
    status = 0x8010;
    periodic = false;
  };
  return { ...createFakeSensirion({ address, now, commands, poweredOn }), climate };
}

export function createFakeSht4x(now: Now, address = 0x44): FakeChip & { readonly climate: Climate } {
  const climate = usual(rawHumidityOfSht4x);
  const commands: Record<string, SensirionCommand> = {
    // 3.1, table 5; the first editions of the data sheet, and the kernel, have 8.2 ms.
    fd: { busyMs: 8.2, run: () => [climate.rawTemperature, climate.rawHumidity] },
    '89': { busyMs: 0, run: () => [0x0f1d, 0x55aa] },
    '94': { busyMs: 1, run: () => [] },
  };
  return { ...createFakeSensirion({ address, now, commands, poweredOn: () => {} }), climate };
}
