/**
 * A BME280 (or BMP280) behind the I2C port: registers, conversion, power loss, and faults on request.
 * It answers by the register map of the data sheet (BST-BME280-DS001, section 5.3), so a driver that
 * takes a wrong turn reads what it would read from the chip.
 */

import type { I2cBus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';

/**
 * The worked example of BST-BMP280-DS001, section 3.12: 25.08 celsius, 100653.27 pascal. The humidity
 * parameters are of a usual size; Bosch gives no example for them.
 */
export const EXAMPLE = {
  temperature: [27_504, 26_435, -1_000],
  pressure: [36_477, -10_685, 3_024, 2_855, 140, -7, 15_500, -14_600, 6_000],
  humidity: { h1: 75, h2: 361, h3: 0, h4: 324, h5: 50, h6: 30 },
  rawTemperature: 519_888,
  rawPressure: 415_148,
  rawHumidity: 30_000,
} as const;

export interface FakeBme280 {
  readonly address: number;
  readonly bus: I2cBus;
  /** The whole register file, to tamper with. */
  readonly registers: Uint8Array;
  /** What was written, in order: register and value. */
  readonly writes: (readonly [register: number, value: number])[];
  transfers: number;
  /** How often `status` still says "measuring" after a conversion was started. */
  busyLooks: number;
  /** Thrown by the next exchange, once. */
  fault: Error | undefined;
  /** The bytes of one write: a register and its new value, or none. */
  write(bytes: ArrayLike<number>): void;
  /** From the register that was written last, and on from there. */
  read(length: number): Uint8Array;
  /** Pulls the plug and puts it back: registers at their reset values, calibration kept. */
  losePower(): void;
}

export function createFakeBme280(options: { id?: number; address?: number } = {}): FakeBme280 {
  const { id = 0x60, address = 0x76 } = options;
  const registers = new Uint8Array(256);
  const view = new DataView(registers.buffer);
  let looksLeft = 0;
  let pointer = 0;

  registers[0xd0] = id;
  for (const [i, value] of [...EXAMPLE.temperature, ...EXAMPLE.pressure].entries()) {
    view.setInt16(0x88 + 2 * i, value, true);
  }
  const { h1, h2, h3, h4, h5, h6 } = EXAMPLE.humidity;
  registers[0xa1] = h1;
  view.setInt16(0xe1, h2, true);
  registers[0xe3] = h3;
  registers[0xe4] = h4 >> 4;
  registers[0xe5] = (h4 & 0x0f) | ((h5 & 0x0f) << 4);
  registers[0xe6] = h5 >> 4;
  registers[0xe7] = h6;

  /** 5.3: data registers are 0x80 0x00 0x00 (and 0x80 0x00) until something has been measured. */
  function reset(): void {
    registers.fill(0, 0xf2, 0x100);
    for (const register of [0xf7, 0xfa, 0xfd]) registers[register] = 0x80;
  }

  function convert(): void {
    const { rawTemperature, rawPressure, rawHumidity } = EXAMPLE;
    registers.set([rawPressure >> 12, (rawPressure >> 4) & 0xff, (rawPressure << 4) & 0xf0], 0xf7);
    registers.set([rawTemperature >> 12, (rawTemperature >> 4) & 0xff, (rawTemperature << 4) & 0xf0], 0xfa);
    if (id === 0x60 && registers[0xf2] !== 0) registers.set([rawHumidity >> 8, rawHumidity & 0xff], 0xfd);
    looksLeft = fake.busyLooks;
  }

  const bus: I2cBus = {
    async transfer(to, write, readLength) {
      fake.transfers += 1;
      const { fault } = fake;
      fake.fault = undefined;
      if (fault !== undefined) throw fault;
      if (to !== address) throw Object.assign(new Error('EREMOTEIO: no chip answers'), { code: 'EREMOTEIO' });
      fake.write(write);
      return fake.read(readLength);
    },
    close: () => {},
  };
  const fake: FakeBme280 = {
    address,
    bus,
    registers,
    writes: [],
    transfers: 0,
    busyLooks: 0,
    fault: undefined,
    losePower: reset,

    write({ 0: register = pointer, 1: value }) {
      pointer = register;
      if (value === undefined) return;
      fake.writes.push([register, value]);
      registers[register] = value;
      // One measurement in forced mode, one after the other in normal mode: they are all alike.
      if (register === 0xf4 && (value & 0b11) !== 0) convert();
    },

    read(length) {
      if (pointer === 0xf3 && length > 0) {
        registers[0xf3] = looksLeft > 0 ? 0x08 : 0;
        looksLeft = Math.max(0, looksLeft - 1);
      }
      return registers.slice(pointer, pointer + length);
    },
  };
  reset();
  return fake;
}
