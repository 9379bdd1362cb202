/**
 * The only home of `i2c-bus`, an optional native addon: loaded at the first exchange and not before, so
 * that a gateway without I2C sensors needs neither compiler nor addon. Its quirks end here:
 *
 * - Two first exchanges with one address at the same time open the device file twice and lose one
 *   handle: whoever asks takes care that there is one at a time (`i2c-turns.ts`).
 * - If the address cannot be claimed (EBUSY), it keeps the file open without one and would next talk to
 *   address 0, the general call. So after any failure the handle is dropped and a new one opened.
 */

import { messageOf } from '../../../../base/errors.ts';
import { ChipError } from './chip.ts';
import type { I2cWire } from './i2c-bus.ts';
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
  /** The published types have an argument too many, which the addon does not look at. */
  writeQuick(address: number, bit: number, unused: number): Promise<unknown>;
  close(): Promise<void>;
}

export interface I2cAddon {
  openPromisified(busNumber: number): Promise<AddonBus>;
}

export interface I2cWireOptions {
  /** The `1` of `/dev/i2c-1`. */
  readonly bus: number;
  /** For tests: where the addon comes from. */
  readonly load?: () => Promise<I2cAddon>;
}

/** I2C_SMBUS_BLOCK_MAX in the kernel: the longest read that is one transaction with a repeated start. */
const BLOCK_BYTES_MAX = 32;

/** Opens nothing yet. An exchange rejects with `SGW_ADDON_MISSING` as its code if the addon cannot be loaded. */
export function createI2cWire(options: I2cWireOptions): I2cWire {
  const { bus, load = loadAddon } = options;
  let opened: AddonBus | undefined;

  async function drop(): Promise<void> {
    const handle = opened;
    opened = undefined;
    // A failure that brought us here is the one to report; a handle that will not close has no cure.
    await handle?.close().catch(() => {});
  }

  return {
    drop,
    async exchange(address, write, readLength, signal) {
      const addon = await loadOrExplain(load);
      try {
        opened ??= await addon.openPromisified(bus);
        return await exchangeOn(opened, { address, write, readLength, signal });
      } catch (error) {
        await drop();
        throw adviseI2cError(error, { bus, address });
      }
    },
  };
}

interface Exchange {
  readonly address: number;
  readonly write: Uint8Array;
  readonly readLength: number;
  readonly signal: AbortSignal;
}

async function exchangeOn(
  addon: AddonBus,
  { address, write, readLength, signal }: Exchange,
): Promise<Uint8Array> {
  const answer = Buffer.alloc(readLength);
  const [command] = write;
  if (command === undefined && readLength === 0) {
    await addon.writeQuick(address, 0, 0);
    return answer;
  }
  if (write.length === 1 && command !== undefined && readLength > 0 && readLength <= BLOCK_BYTES_MAX) {
    // One ioctl with a repeated start: no other program can slip in between register and data.
    const { bytesRead } = await addon.readI2cBlock(address, command, readLength, answer);
    return assertLength(answer, bytesRead);
  }
  if (write.length > 0) {
    const { bytesWritten } = await addon.i2cWrite(address, write.length, Buffer.from(write));
    if (bytesWritten !== write.length) throw new Error(`wrote ${bytesWritten} of ${write.length} bytes`);
    signal.throwIfAborted();
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

const ADDON_HINT = 'sudo apt-get install build-essential python3 && npm rebuild i2c-bus';

async function loadOrExplain(load: () => Promise<I2cAddon>): Promise<I2cAddon> {
  try {
    return await load();
  } catch (error) {
    // Node lists every place where it has looked; the first line says what is wrong.
    const [reason = ''] = messageOf(error).split('\n');
    const message = `the addon i2c-bus cannot be loaded: ${reason.replace(/[.:]+$/, '')}. ${ADDON_HINT}`;
    throw new ChipError('unusable', message, { cause: error, code: 'SGW_ADDON_MISSING' });
  }
}
