/**
 * ROHM BH1750FVI: illuminance. Pages are those of the technical note BH1750FVI, 2011.11 Rev. D. Single measurements
 * in H-resolution mode (page 5); the chip sleeps in between.
 *
 * The chip has no id, no checksum, and nothing that can be read back: another chip at its address cannot be told
 * from it, a power loss within the 180 ms of a measurement reads as darkness, and one between two measurements
 * changes nothing, because its setup is the one it has after power-on.
 */

import { type ChipDriver, ChipError } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { checkOptions } from './chip-options.ts';
import { wordAt } from './words.ts';

/** Page 5. */
const POWER_DOWN = 0x00;
const ONE_TIME_H_RESOLUTION = 0x20;
/** Page 11: the measurement time, in two commands of three and five bits. */
const TIME_HIGH_BITS = 0x40;
const TIME_LOW_BITS = 0x60;
const TIME_USUAL = 69;

/** Page 2. */
const MEASURE_MS = 180;

/**
 * Page 10: a step is 1/1.2 lux at the usual measurement time. In whole millionths, as the kernel's driver has it:
 * 0.833333, which is 0.02 lux less at the very end.
 */
const STEP_MICROLUX = Math.floor(57_500_000 / TIME_USUAL);

/** The chip has no more bits: it is brighter than that, or the bus reads as all ones. */
const FULL = 0xffff;

export const BH1750: ChipDriver = {
  type: 'bh1750',
  title: 'ROHM BH1750FVI',
  dataSheet: 'BH1750FVI, 2011.11 Rev. D',
  addresses: [0x23, 0x5c],
  metrics: [{ metric: 'illuminance', unit: 'lux', legal: [0, 54_612] }],
  measureMaxMs: 190,

  open({ device, pause, options }) {
    checkOptions(BH1750, options);
    // Page 10: the chip takes one command at a time.
    const send = (command: number) => device.transfer(Uint8Array.of(command), 0);
    return {
      async begin() {
        await send(POWER_DOWN);
        await send(TIME_HIGH_BITS | (TIME_USUAL >> 5));
        await send(TIME_LOW_BITS | (TIME_USUAL & 0x1f));
      },

      async measure(signal) {
        await send(ONE_TIME_H_RESOLUTION);
        await pause(MEASURE_MS, signal);
        const steps = wordAt(await device.transfer(new Uint8Array(), 2));
        if (steps === FULL) {
          throw new ChipError(
            'illegal_value',
            `at ${hex(device.address)} it is brighter than the 54612 lux that a BH1750 can measure, or SDA is loose`,
          );
        }
        return [{ metric: 'illuminance', value: (steps * STEP_MICROLUX) / 1_000_000 }];
      },
    };
  },
};
