/**
 * The wire between Linux' virtual USB host (vhci-hcd) and a device that is a program: requests of 48 bytes, and
 * what they carry, over a stream (Documentation/usb/usbip_protocol.rst). Only control transfers, which is all
 * that a small device needs.
 */

import type { Duplex } from 'node:stream';

/** What a control transfer asks for; the fields are those of a USB setup packet. */
export interface ControlRequest {
  readonly requestType: number;
  readonly request: number;
  readonly value: number;
  readonly index: number;
  /** How many bytes may be answered. */
  readonly length: number;
  /** What was sent along, for a request towards the device. */
  readonly data: Uint8Array;
}

/**
 * The bytes of an answer; `stall`: refused; `silence`: never answered, until the host gives up. `wedge`: not even
 * its giving up is answered, so whoever asked waits for as long as the device is plugged in, and cannot be killed.
 */
export type ControlAnswer = Uint8Array | 'stall' | 'silence' | 'wedge';

const HEADER_BYTES = 48;
const COMMAND = { submit: 1, unlink: 2, submitted: 3, unlinked: 4 } as const;
const TOWARDS_HOST = 1;
const EPIPE = 32;
const ECONNRESET = 104;

/** A transfer of this device is some bytes; more means that we have lost our place in the stream. */
const DATA_BYTES_MAX = 65_536;

/** Answers every request that comes through `stream`, one after the other, until it ends. */
export function serveUsb(stream: Duplex, answer: (request: ControlRequest) => ControlAnswer): void {
  let pending: Buffer = Buffer.alloc(0);
  const wedged = new Set<number>();
  // The host lets go of it when the device is unplugged.
  stream.on('error', () => {});
  stream.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (let size = requestSize(pending); size !== undefined; size = requestSize(pending)) {
      const reply = replyTo(pending.subarray(0, size), answer, wedged);
      pending = pending.subarray(size);
      if (reply !== undefined) stream.write(reply);
    }
  });
}

/** How long the request at the beginning is; `undefined` while it is not whole. */
function requestSize(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const carries = bytes.readUInt32BE(0) === COMMAND.submit && bytes.readUInt32BE(12) !== TOWARDS_HOST;
  const size = HEADER_BYTES + (carries ? Math.max(0, bytes.readInt32BE(24)) : 0);
  if (size > HEADER_BYTES + DATA_BYTES_MAX) throw new RangeError(`a USB request of ${size} bytes`);
  return bytes.length < size ? undefined : size;
}

function replyTo(
  request: Buffer,
  answer: (request: ControlRequest) => ControlAnswer,
  wedged: Set<number>,
): Buffer | undefined {
  const [command, sequence] = [request.readUInt32BE(0), request.readUInt32BE(4)];
  if (command === COMMAND.unlink) {
    // The host has given up on a request that was never answered, and never will be.
    return wedged.has(request.readUInt32BE(20)) ? undefined : reply(COMMAND.unlinked, sequence, -ECONNRESET);
  }
  const towardsHost = request.readUInt32BE(12) === TOWARDS_HOST;
  const data = request.subarray(HEADER_BYTES);
  const answered = answer({
    requestType: request.readUInt8(40),
    request: request.readUInt8(41),
    value: request.readUInt16LE(42),
    index: request.readUInt16LE(44),
    length: request.readUInt16LE(46),
    data,
  });
  if (answered === 'wedge') wedged.add(sequence);
  if (answered === 'silence' || answered === 'wedge') return undefined;
  if (answered === 'stall') return reply(COMMAND.submitted, sequence, -EPIPE);
  return towardsHost
    ? Buffer.concat([reply(COMMAND.submitted, sequence, 0, answered.length), answered])
    : reply(COMMAND.submitted, sequence, 0, data.length);
}

function reply(command: number, sequence: number, status: number, length = 0): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(command, 0);
  header.writeUInt32BE(sequence, 4);
  header.writeInt32BE(status, 20);
  header.writeUInt32BE(length, 24);
  return header;
}
