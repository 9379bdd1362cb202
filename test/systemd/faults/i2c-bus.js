/**
 * The addon `i2c-bus` with a chip behind it. Once the fault `stuck-read` is set off, an exchange opens a
 * FIFO that nobody writes to: one of the threads that Node reads with is then gone for good, as it is
 * when a driver does not come back.
 */

import { open } from 'node:fs/promises';
import { fault } from './fault.js';

// Compiled from the tests' own chip, and put beside this file.
const { createFakeBme280 } = await import(new URL('fake-bme280.js', import.meta.url).href);

const chip = createFakeBme280();

async function transfer(address, write, length) {
  if (fault.active && fault.name === 'stuck-read') await open('/opt/faults/fifo', 'r');
  return chip.bus.transfer(address, write, length);
}

export default {
  openPromisified: async () => ({
    async readI2cBlock(address, command, length, buffer) {
      buffer.set(await transfer(address, [command], length));
      return { bytesRead: length };
    },
    async i2cRead(address, length, buffer) {
      buffer.set(await transfer(address, [], length));
      return { bytesRead: length };
    },
    async i2cWrite(address, length, buffer) {
      await transfer(address, [...buffer.subarray(0, length)], 0);
      return { bytesWritten: length };
    },
    writeQuick: (address) => transfer(address, [], 0),
    close: async () => {},
  }),
};
