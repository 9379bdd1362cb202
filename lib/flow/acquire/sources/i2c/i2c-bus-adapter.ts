/**
 * The only home of `i2c-bus`, an optional native addon: loaded at the first exchange and not before, so
 * that a gateway without I2C sensors needs neither compiler nor addon. Its quirks end here:
 *
 * - Two first exchanges with one address at the same time open the device file twice and lose one
 *   handle, so exchanges queue up, one at a time.
 * - If the address cannot be claimed (EBUSY), it keeps the file open without one and would next talk to
 *   address 0, the general call. So after any failure the handle is dropped and a new one opened.
 */

import { GatewayError, messageOf } from '../../../../base/errors.ts';
import type { I2cBus } from './i2c-bus.ts';
import { adviseI2cError } from './i2c-errors.ts';

/** What we use of the addon. */
interface AddonBus {
  i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number }>;
  i2cWrite(address: number, length: number, buffer: Buffer): Promise<{ bytesWritten: number }>;
  readI2cBlock(
    address: number,
    command: number,
    length: number,
    buffer: Buffer,
  ): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

export interface I2cAddon {
  openPromisified(busNumber: number): Promise<AddonBus>;
}

export interface I2cBusOptions {
  /** The `1` of `/dev/i2c-1`. */
  readonly bus: number;
  /** For tests: where the addon comes from. */
  readonly load?: () => Promise<I2cAddon>;
}

/** A driver has one exchange under way; more than this many waiting means that the bus is stuck. */
const WAITING_MAX = 64;

/** I2C_SMBUS_BLOCK_MAX in the kernel: the longest read that is one transaction with a repeated start. */
const BLOCK_BYTES_MAX = 32;

/** Opens nothing yet. `transfer` rejects with `SGW_ADDON_MISSING` if the addon cannot be loaded. */
export function createI2cBus(options: I2cBusOptions): I2cBus {
  const { bus, load = loadAddon } = options;
  let opened: AddonBus | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;

  async function exchange(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const addon = await loadOrExplain(load);
    try {
      opened ??= await addon.openPromisified(bus);
      return await exchangeOn(opened, address, write, readLength);
    } catch (error) {
      await drop();
      throw adviseI2cError(error, { bus, address });
    }
  }

  async function drop(): Promise<void> {
    const handle = opened;
    opened = undefined;
    // The failure that brought us here is the one to report; a handle that will not close has no cure.
    await handle?.close().catch(() => {});
  }

  /** Runs `work` after everything asked before it, whether that succeeded or not. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  }

  return {
    async transfer(address, write, readLength) {
      if (closed) throw new Error(`I2C bus ${bus} has been closed`);
      if (waiting >= WAITING_MAX) {
        throw new Error(`I2C bus ${bus} is stuck: ${waiting} exchanges are waiting for the one in hand`);
      }
      waiting += 1;
      try {
        return await inTurn(() => exchange(address, write, readLength));
      } finally {
        waiting -= 1;
      }
    },

    close() {
      if (closed) return;
      closed = true;
      void inTurn(drop);
    },
  };
}

async function exchangeOn(
  addon: AddonBus,
  address: number,
  write: Uint8Array,
  readLength: number,
): Promise<Uint8Array> {
  const answer = Buffer.alloc(readLength);
  const [command] = write;
  if (write.length === 1 && command !== undefined && readLength > 0 && readLength <= BLOCK_BYTES_MAX) {
    // One ioctl with a repeated start: no other program can slip in between register and data.
    const { bytesRead } = await addon.readI2cBlock(address, command, readLength, answer);
    return assertLength(answer, bytesRead);
  }
  if (write.length > 0) {
    const { bytesWritten } = await addon.i2cWrite(address, write.length, Buffer.from(write));
    if (bytesWritten !== write.length) throw new Error(`wrote ${bytesWritten} of ${write.length} bytes`);
  }
  if (readLength === 0) return answer;
  return assertLength(answer, (await addon.i2cRead(address, readLength, answer)).bytesRead);
}

function assertLength(answer: Uint8Array, bytesRead: number): Uint8Array {
  if (bytesRead !== answer.length) throw new Error(`got ${bytesRead} of ${answer.length} bytes`);
  return answer;
}

async function loadAddon(): Promise<I2cAddon> {
  const { default: addon } = await import('i2c-bus');
  return addon;
}

async function loadOrExplain(load: () => Promise<I2cAddon>): Promise<I2cAddon> {
  try {
    return await load();
  } catch (error) {
    // Node lists every place where it has looked; the first line says what is wrong.
    const [reason = ''] = messageOf(error).split('\n');
    throw new GatewayError('SGW_ADDON_MISSING', `the addon i2c-bus cannot be loaded: ${reason}`, {
      hint: 'sudo apt-get install build-essential python3 && npm rebuild i2c-bus',
      cause: error,
    });
  }
}
