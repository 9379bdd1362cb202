/**
 * An I2C adapter that the kernel takes for a real one: a virtual USB device of the make `i2c-tiny-usb`, plugged
 * into the virtual USB host of the kernel, so that /dev/i2c-N, its ioctls and the kernel's own chip drivers are
 * the real ones, and only the wires are ours. Needs root, vhci-hcd, i2c-tiny-usb and i2c-dev.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChipBus } from './chip-bus.ts';
import { type ControlAnswer, type ControlRequest, serveUsb } from './usb-ip.ts';

export interface VirtualAdapter {
  /** Puts it into its port. Resolves with the N of /dev/i2c-N when that is there. */
  plugIn(): Promise<number>;
  /** Pulls it out. Resolves when /dev/i2c-N is gone. */
  pullOut(): Promise<void>;
}

const VHCI = '/sys/devices/platform/vhci_hcd.0';
/** The numbers of its USB bus and device are for people. */
const FIRST_DEVICE_ID = (1 << 16) | 2;
const FULL_SPEED = 2;

const LOOK_MS = 50;

/** `port`: 0 to 7, one for each adapter. They are plugged in one after the other, never at once. */
export function createVirtualAdapter(bus: ChipBus, port = 0): VirtualAdapter {
  let own: number | undefined;
  return {
    async plugIn() {
      const others = adapterNumbers();
      // Through a shell, because the kernel takes the socket from whoever names its descriptor, and Node gives
      // a child one end of a socket pair but nobody the number of its own end.
      const shell = spawn(
        'sh',
        ['-c', `echo ${port} 3 ${FIRST_DEVICE_ID + port} ${FULL_SPEED} >${VHCI}/attach`],
        {
          stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
        },
      );
      const wire = shell.stdio[3];
      if (!(wire instanceof Duplex)) throw new TypeError('the shell has no fourth descriptor');
      serveUsb(wire, tinyUsb(bus));
      const [code] = await once(shell, 'exit');
      if (code !== 0) throw new Error(`the kernel does not take the adapter: exit code ${code}`);
      for (;;) {
        own = adapterNumbers().find((number) => !others.includes(number));
        if (own !== undefined) return own;
        await sleep(LOOK_MS);
      }
    },
    async pullOut() {
      writeFileSync(`${VHCI}/detach`, String(port));
      while (own !== undefined && adapterNumbers().includes(own)) await sleep(LOOK_MS);
    },
  };
}

/** The adapters that i2c-tiny-usb has made and i2c-dev has made device files for. */
function adapterNumbers(): number[] {
  return readdirSync('/sys/class/i2c-dev')
    .filter((name) => {
      try {
        return readFileSync(`/sys/class/i2c-dev/${name}/name`, 'utf8').startsWith('i2c-tiny-usb');
      } catch {
        // It has gone since the directory was read.
        return false;
      }
    })
    .map((name) => Number(name.slice('i2c-'.length)));
}

/** USB 1.1, one configuration, one interface without endpoints, the ids that i2c-tiny-usb looks for. */
const DEVICE_DESCRIPTOR = [18, 1, 0x10, 1, 0xff, 0, 0, 64, 0x03, 0x04, 0x31, 0xc6, 0, 1, 1, 2, 0, 1];
const CONFIGURATION = [...[9, 2, 18, 0, 1, 1, 0, 0x80, 50], ...[9, 4, 0, 0, 0, 0, 0, 0, 0]];
const LANGUAGES = [4, 3, 0x09, 0x04];
const STRINGS = ['sensor-gateway tests', 'i2c-tiny-usb'];

const GET_STATUS = 0;
const GET_DESCRIPTOR = 6;
const VENDOR = 0x40;
const TYPE_MASK = 0x60;
const TO_HOST = 0x80;

/** drivers/i2c/busses/i2c-tiny-usb.c: its commands, and what it makes of a status. */
const CMD_GET_FUNC = 1;
const CMD_GET_STATUS = 3;
const CMD_I2C_IO = 4;
const STATUS_ADDRESS_ACK = 1;
const STATUS_ADDRESS_NAK = 2;
/** I2C_FUNC_I2C, and all of SMBus that the kernel emulates with it. */
const FUNCTIONS = 0x0eff0009;

function tinyUsb(bus: ChipBus): (request: ControlRequest) => ControlAnswer {
  let status = 0;

  function transfer({ requestType, index, length, data }: ControlRequest): ControlAnswer {
    const reads = (requestType & TO_HOST) !== 0;
    const result = bus.message(index, reads ? length : Uint8Array.from(data));
    if (result === 'wedge') return 'wedge';
    if (result === 'hang') return 'silence';
    if (result === 'eio') return 'stall';
    status = result === 'nak' ? STATUS_ADDRESS_NAK : STATUS_ADDRESS_ACK;
    // The adapter always delivers as many bytes as were asked for: lines that nobody pulls low read as ones.
    return result === 'nak' ? new Uint8Array(reads ? length : 0).fill(0xff) : result;
  }

  return (request) => {
    const { requestType, value, length } = request;
    if ((requestType & TYPE_MASK) === VENDOR) {
      if ((request.request & CMD_I2C_IO) !== 0) return transfer(request);
      if (request.request === CMD_GET_STATUS) return Uint8Array.of(status);
      if (request.request === CMD_GET_FUNC) return new Uint8Array(Uint32Array.of(FUNCTIONS).buffer);
      return new Uint8Array();
    }
    if (request.request === GET_DESCRIPTOR) return descriptor(value)?.subarray(0, length) ?? 'stall';
    return request.request === GET_STATUS ? Uint8Array.of(0, 0) : new Uint8Array();
  };
}

function descriptor(value: number): Uint8Array | undefined {
  const [type, index] = [value >> 8, value & 0xff];
  if (type === 1) return Uint8Array.from(DEVICE_DESCRIPTOR);
  if (type === 2) return Uint8Array.from(CONFIGURATION);
  if (type !== 3) return undefined;
  if (index === 0) return Uint8Array.from(LANGUAGES);
  const text = STRINGS[index - 1];
  if (text === undefined) return undefined;
  const encoded = Buffer.from(text, 'utf16le');
  return Uint8Array.from([encoded.length + 2, 3, ...encoded]);
}
