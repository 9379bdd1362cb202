/**
 * LM75 (9 bits) and NXP LM75B (11 bits): temperature. Sections are those of the data sheets DS012658 (National) and
 * LM75B Rev. 6.1 (NXP). They convert all the time, every 100 to 300 ms, and what is read is the latest conversion,
 * so nothing waits but the first one. The two differ in nothing but their bits: what stands below the nine of an
 * LM75 is not defined (1.12), so nobody may guess.
 *
 * There is no id. What proves the chip is its configuration register: three bits that are always 0, and it keeps our
 * mark, a longer fault queue of the O.S. output, until it loses its power.
 */

import type { ChipDriver } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { powerLost, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { createWordRegisters } from './word-registers.ts';
import { signed } from './words.ts';

/** 1.11. The temperature is 16 bits wide, the configuration 8. */
const REGISTER = { temperature: 0, config: 1 } as const;

/** 1.13: it converts, and the O.S. output, if it is used at all, waits for six conversions instead of one. */
const CONFIG_MARK = 0x18;
/** 1.13: must be 0. */
const CONFIG_ABSENT = 0xe0;

/** National: 300 ms at most; NXP: 100 ms. */
const FIRST_CONVERSION_MS = 300;

export const LM75: ChipDriver = driverOf('lm75', {
  title: 'LM75 and LM75A, 9 bits',
  dataSheet: 'National DS012658',
  bits: 9,
});

export const LM75B: ChipDriver = driverOf('lm75b', {
  title: 'NXP LM75B, 11 bits',
  dataSheet: 'NXP LM75B Rev. 6.1',
  bits: 11,
});

function driverOf(
  type: string,
  { bits, ...parts }: Pick<ChipDriver, 'title' | 'dataSheet'> & { readonly bits: number },
): ChipDriver {
  const driver: ChipDriver = {
    type,
    ...parts,
    addresses: [0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
    metrics: [{ metric: 'temperature', unit: 'celsius', legal: [-55, 125] }],
    measureMaxMs: 310,

    open({ device, pause, options }) {
      checkOptions(driver, options);
      const registers = createWordRegisters(device);
      const readConfig = async () => (await device.transfer(Uint8Array.of(REGISTER.config), 1))[0] ?? 0;
      return {
        async begin(signal) {
          const before = await readConfig();
          const isOther = (before & CONFIG_ABSENT) !== 0;
          if (!isOther) await device.transfer(Uint8Array.of(REGISTER.config, CONFIG_MARK), 0);
          const after = isOther ? before : await readConfig();
          if (after !== CONFIG_MARK) {
            throw wrongChip(device, 'an LM75', `its configuration reads as ${hex(after)}`);
          }
          await pause(FIRST_CONVERSION_MS, signal);
        },

        async measure() {
          const raw = await registers.read(REGISTER.temperature);
          // Read last: the temperature that was read before it was measured by a chip that had its power.
          if ((await readConfig()) !== CONFIG_MARK) throw powerLost(device);
          return [{ metric: 'temperature', value: celsiusOf(raw, bits) }];
        },
      };
    },
  };
  return driver;
}

/**
 * Temperature data format (1.4; NXP 7.4.3): `bits` from the left, in steps of 1/2 celsius at nine bits and 1/8 at
 * eleven. Both are whole thousandths.
 */
function celsiusOf(raw: number, bits: number): number {
  return ((signed(raw, 16) >> (16 - bits)) * 1_000) / 2 ** (bits - 8) / 1_000;
}
