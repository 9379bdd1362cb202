/**
 * In place of the addon `i2c-bus`: a BME280 on each of three buses. The first bus hangs after a while, in a FIFO that
 * nobody writes to, so that a real thread of the pool is gone, as it is in an ioctl that does not return; the
 * second fails at one exchange in five.
 */

import { open } from 'node:fs/promises';
import type { I2cAddon } from '../../lib/flow/acquire/sources/i2c/i2c-bus-adapter.ts';
import { createFakeBme280 } from '../support/fake-bme280.ts';

/** What is said when the first bus hangs. */
export const HANGS = 'the first bus hangs';

/** Enough for some rounds; a round takes six or seven. */
const HANGS_AFTER = 30;

function chipOn(busNumber: number) {
  const { bus } = createFakeBme280();
  let exchanges = 0;

  return async (address: number, write: Uint8Array, length: number): Promise<Uint8Array> => {
    exchanges += 1;
    if (busNumber === 1 && exchanges > HANGS_AFTER) {
      process.stderr.write(`${HANGS}\n`);
      await open(String(process.env.FIFO), 'r');
    }
    if (busNumber === 2 && exchanges % 5 === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return bus.transfer(address, write, length);
  };
}

const addon: I2cAddon = {
  async openPromisified(busNumber) {
    const transfer = chips.get(busNumber) ?? chipOn(busNumber);
    chips.set(busNumber, transfer);
    return {
      async readI2cBlock(address, command, length, buffer) {
        buffer.set(await transfer(address, Uint8Array.of(command), length));
        return { bytesRead: length, buffer };
      },
      async i2cRead(address, length, buffer) {
        buffer.set(await transfer(address, new Uint8Array(), length));
        return { bytesRead: length, buffer };
      },
      async i2cWrite(address, length, buffer) {
        await transfer(address, buffer.subarray(0, length), 0);
        return { bytesWritten: length, buffer };
      },
      writeQuick: async () => {},
      close: async () => {},
    };
  },
};

const chips = new Map<number, ReturnType<typeof chipOn>>();

export default addon;
