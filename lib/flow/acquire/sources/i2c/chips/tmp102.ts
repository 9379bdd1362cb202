/**
 * Texas Instruments TMP102: temperature. Sections are those of the data sheet SBOS397F. Single conversions (7.4.4)
 * in the extended mode of 13 bits (7.4.2), which reaches 150 celsius; the chip sleeps in between.
 *
 * There is no id. What proves the chip is its configuration register: two bits that are always 1, four that are
 * always 0, and it keeps the setup that is written to it, until it loses its power.
 */

import type { ChipDriver } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { powerLost, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { untilDone } from './until-done.ts';
import { createWordRegisters } from './word-registers.ts';
import { signed } from './words.ts';

/** 7.5.1, table 6. */
const REGISTER = { temperature: 0, config: 1 } as const;

/** 7.5.3: the bits that another chip would hardly have: R1 and R0 are 1, the lowest four are 0. */
const SIGNATURE_BITS = 0x600f;
const SIGNATURE = 0x6000;
/** Asleep (SD), in extended mode (EM), 4 Hz as after power-on. */
const SETUP = 0x6190;
/** 7.5.3.6: starts a conversion, and reads as 1 when none is under way. */
const START_OR_DONE = 0x8000;
/** 7.5.3.8: bit 5 compares with the limits of the alert. */
const CHANGING = START_OR_DONE | 0x0020;

/** 7.5.2: in extended mode, the lowest bit of the temperature is 1. */
const EXTENDED = 0x0001;

/** 6.5: 26 ms, at most 35 ms. */
const CONVERSION_MS = 35;

export const TMP102: ChipDriver = {
  type: 'tmp102',
  title: 'Texas Instruments TMP102',
  dataSheet: 'SBOS397F',
  addresses: [0x48, 0x49, 0x4a, 0x4b],
  // 7.3.1, table 2: from -55 to 150; it is exact from -40 to 125.
  metrics: [{ metric: 'temperature', unit: 'celsius', legal: [-55, 150] }],
  measureMaxMs: 60,

  open({ device, pause, options }) {
    checkOptions(TMP102, options);
    const { read, write } = createWordRegisters(device);

    async function isDone(): Promise<boolean> {
      const config = await read(REGISTER.config);
      if ((config & ~CHANGING) !== SETUP) throw powerLost(device);
      return (config & START_OR_DONE) !== 0;
    }

    return {
      async begin() {
        const before = await read(REGISTER.config);
        const isOther = (before & SIGNATURE_BITS) !== SIGNATURE;
        if (!isOther) await write(REGISTER.config, SETUP);
        const after = isOther ? before : await read(REGISTER.config);
        if (isOther || (after & ~CHANGING) !== SETUP) {
          throw wrongChip(device, 'a TMP102', `its configuration reads as ${hex(after)}`);
        }
      },

      async measure(signal) {
        // Before the write, which would set up a chip that has lost its power, and the loss would not be counted.
        if (((await read(REGISTER.config)) & ~CHANGING) !== SETUP) throw powerLost(device);
        await write(REGISTER.config, START_OR_DONE | SETUP);
        await pause(CONVERSION_MS, signal);
        await untilDone({ device, pause }, 'conversion', isDone, signal);
        const raw = await read(REGISTER.temperature);
        if ((raw & EXTENDED) === 0) throw powerLost(device);
        return [{ metric: 'temperature', value: celsiusOf(raw) }];
      },
    };
  },
};

/**
 * 7.3.1, table 3: 13 bits from the left, in steps of 1/16 celsius. Cut to whole thousandths towards zero, as the
 * kernel's driver does: 0.0625 is 0.062.
 */
function celsiusOf(raw: number): number {
  return Math.trunc((signed(raw & ~EXTENDED, 16) * 1_000) / 128) / 1_000;
}
