/**
 * What the kernel says about an I2C exchange, as the classes in which failures are counted and in words that
 * tell a beginner where to look. The codes are the kernel's own convention
 * (Documentation/i2c/fault-codes.rst), the advice is for a Raspberry Pi.
 */

import { codeOf, messageOf } from '../../../../base/errors.ts';
import { ChipError, type ChipFault } from './chip.ts';

interface Place {
  readonly bus: number;
  readonly address: number;
}

type Advice = (place: Place) => string;

const noAnswer: Advice = ({ bus, address }) =>
  `no chip answers at ${hex(address)} on bus ${bus}: check power, SDA and SCL, and the address (i2cdetect -y ${bus})`;

const notAllowed: Advice = ({ bus }) =>
  `/dev/i2c-${bus} may not be opened: add the gateway's user to the group i2c (sudo usermod -aG i2c USER) and restart it`;

const garbled: Advice = ({ bus, address }) =>
  `the exchange with ${hex(address)} on bus ${bus} was garbled: check for loose or long wires, and one chip per address`;

const KNOWN: Readonly<Record<string, readonly [ChipFault, Advice]>> = {
  EREMOTEIO: ['no_answer', noAnswer],
  ENXIO: ['no_answer', noAnswer],
  ETIMEDOUT: [
    'bus_stuck',
    ({ bus }) =>
      `bus ${bus} does not move: a chip may hold SDA or SCL low, or the pull-up resistors are missing; power the sensors off and on`,
  ],
  EIO: ['garbled', garbled],
  // Another master, or noise that looks like one, has won the bus.
  EAGAIN: ['garbled', garbled],
  EBUSY: [
    'unusable',
    ({ bus, address }) =>
      `a kernel driver already owns ${hex(address)} on bus ${bus}: read it as a kernel sensor, or remove its dtoverlay`,
  ],
  EACCES: ['unusable', notAllowed],
  EPERM: ['unusable', notAllowed],
  ENOENT: [
    'unusable',
    ({ bus }) =>
      `/dev/i2c-${bus} does not exist: switch I2C on (sudo raspi-config, Interface Options, I2C) and reboot`,
  ],
  ENODEV: [
    'unusable',
    ({ bus }) => `the adapter of bus ${bus} is gone: plug it in again, or check its driver (dmesg)`,
  ],
  EOPNOTSUPP: [
    'unusable',
    ({ bus }) => `the adapter of bus ${bus} cannot do what this chip needs: connect it to another bus`,
  ],
};

/** An error with advice, and with the same `code` so that others can still tell the cases apart. */
export function adviseI2cError(error: unknown, place: Place): ChipError {
  const code = codeOf(error);
  const known = code === undefined ? undefined : KNOWN[code];
  if (known === undefined) {
    const message = `I2C exchange with ${hex(place.address)} on bus ${place.bus} failed: ${messageOf(error)}`;
    return new ChipError('garbled', message, { cause: error, code });
  }
  const [fault, advice] = known;
  return new ChipError(fault, `${code}: ${advice(place)}`, { cause: error, code });
}

/** `0x76`, as in every data sheet. */
export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
