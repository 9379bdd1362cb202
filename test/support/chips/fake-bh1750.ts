/** BH1750FVI by its technical note: single commands of one byte, one value of two. */

import { bytesOf, type FakeChip, type Now, notAcknowledged } from './fake-chip.ts';

/** Steps: lux * 1.2 at the usual measurement time of 69, in proportion to it at others. */
export function rawIlluminanceOf(lux: number, measurementTime = 69): number {
  return Math.min(0xffff, Math.round((lux * 1.2 * measurementTime) / 69));
}

export function createFakeBh1750(
  now: Now,
  address = 0x23,
): FakeChip & { lux: number; readonly measurementTime: () => number } {
  let time = 69;
  let latest = 0;
  let doneAt: number | undefined;

  function losePower(): void {
    time = 69;
    latest = 0;
    doneAt = undefined;
  }

  const chip = {
    address,
    lux: 820,
    measurementTime: () => time,
    losePower,

    write(bytes: Uint8Array) {
      const [command = 0] = bytes;
      // Page 10: one command at a time.
      if (bytes.length !== 1) throw notAcknowledged();
      // Page 2: 120 ms typically; the kernel's driver waits for 135 ms.
      if (command === 0x20) doneAt = now() + 120;
      if (command >> 3 === 0b01000) time = (time & 0x1f) | ((command & 0b111) << 5);
      if (command >> 5 === 0b011) time = (time & 0xe0) | (command & 0x1f);
    },

    read(length: number) {
      if (doneAt !== undefined && now() >= doneAt) {
        doneAt = undefined;
        latest = rawIlluminanceOf(chip.lux, time);
      }
      const bytes = bytesOf(latest);
      return Uint8Array.from({ length }, (_, index) => bytes[index] ?? 0xff);
    },
  };
  return chip;
}
