/** An AHT20 behind the port of a bus, for the example of a driver: calibration, one measurement, checksum, power loss. */

import { ChipError } from '../../lib/flow/acquire/sources/i2c/chip.ts';
import type { I2cBus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';

export interface FakeAht20 {
  readonly bus: I2cBus;
  /** Flips a bit in the next measurement. */
  garble: boolean;
  losePower(): void;
}

/** 25 celsius and 50 percent, by 6.1 and 6.2 of the data sheet: 0.375 and 0.5 of 2^20. */
const RAW_TEMPERATURE = 0x60000;
const RAW_HUMIDITY = 0x80000;

export function createFakeAht20(): FakeAht20 {
  let calibrated = false;
  let measured = false;
  const fake: FakeAht20 = {
    garble: false,
    losePower() {
      calibrated = false;
    },
    bus: {
      async transfer(address, write, readLength) {
        if (address !== 0x38) throw new ChipError('no_answer', 'no chip answers');
        const [command] = write;
        if (command === 0xbe) calibrated = true;
        if (command === 0xac) measured = true;
        if (command === 0x71) return Uint8Array.of(status());
        return readLength === 0 ? new Uint8Array(0) : measurement().subarray(0, readLength);
      },
      close: () => {},
    },
  };
  const status = () => 0x10 | (calibrated ? 0x08 : 0) | (measured ? 0 : 0x80);

  function measurement(): Uint8Array {
    const data = [
      status(),
      RAW_HUMIDITY >> 12,
      (RAW_HUMIDITY >> 4) & 0xff,
      ((RAW_HUMIDITY & 0x0f) << 4) | (RAW_TEMPERATURE >> 16),
      (RAW_TEMPERATURE >> 8) & 0xff,
      RAW_TEMPERATURE & 0xff,
    ];
    const answer = Uint8Array.from([...data, checksum(data)]);
    if (fake.garble) answer[2] = (answer[2] ?? 0) ^ 0x04;
    fake.garble = false;
    return answer;
  }

  return fake;
}

/** By long division, bit by bit over the whole message: another way than the driver's. */
function checksum(bytes: readonly number[]): number {
  const bits = [...bytes, 0].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));
  for (let i = 0; i < 8; i += 1) bits[i] = (bits[i] ?? 0) ^ 1; // Begins with 0xFF.
  for (let i = 0; i + 8 < bits.length; i += 1) {
    if (bits[i] === 0) continue;
    for (const [j, term] of [1, 0, 0, 1, 1, 0, 0, 0, 1].entries()) bits[i + j] = (bits[i + j] ?? 0) ^ term;
  }
  return Number.parseInt(bits.slice(-8).join(''), 2);
}
