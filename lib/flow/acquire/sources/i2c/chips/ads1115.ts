/**
 * Texas Instruments ADS1115: four voltages against ground. Sections are those of the data sheet SBAS444D. Each
 * input is a single shot (9.4.2.1) at 128 samples a second; the chip sleeps in between.
 *
 * There is no id. What proves the chip is that it keeps what is written to it: the configuration of each single
 * shot is read back, and so is a mark in a register that is of no use to us (9.6.4). An ADS1015 answers alike; its
 * lowest four bits are always 0.
 */

import type { ChipDeps, ChipDriver, ChipValue } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { powerLost, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { untilDone } from './until-done.ts';
import { createWordRegisters } from './word-registers.ts';
import { signed } from './words.ts';

/** 9.6.1, table 6. */
const REGISTER = { conversion: 0, config: 1, lowThreshold: 2 } as const;

/** 9.6.3, table 8: bit 15 starts a single shot, and reads as 1 when none is under way. */
const START_OR_DONE = 0x8000;
/** Bits 14 to 12: 100 is AIN0 against ground, and so on. */
const FIRST_INPUT = 0b100;
/** Bit 8: single shots. Bits 7 to 5: 128 samples a second. Bits 1 and 0: no comparator. */
const SINGLE_SHOT = 0x0100 | (0b100 << 5) | 0b11;
/** Bits 11 to 9, in the order of their codes: the voltage at which the range ends. */
const RANGES_VOLT: readonly number[] = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256];

/** What a Raspberry Pi has on its header is 3.3 V. */
const RANGE_VOLT_USUAL = 4.096;

/** 7.5: one period of 128 samples a second, 10 % of tolerance, and 25 us to wake up. */
const CONVERSION_MS = 9;

/**
 * 9.6.4: the threshold of a comparator that is switched off. After power-on it is 0x8000; its highest bit has to
 * stay, or the ALERT pin would tell of finished conversions.
 */
const MARK = 0x8001;

const INPUTS = [0, 1, 2, 3] as const;

export const ADS1115: ChipDriver = {
  type: 'ads1115',
  title: 'Texas Instruments ADS1115',
  dataSheet: 'SBAS444D',
  addresses: [0x48, 0x49, 0x4a, 0x4b],
  // 7.3: an input may be 0.3 V below ground, where the chip still lives; the largest range ends at 6.144 V.
  metrics: INPUTS.map((input) => ({ metric: `voltage_a${input}`, unit: 'volt', legal: [-0.3, 6.144] })),
  options: { rangeVolt: RANGES_VOLT },
  // Four conversions of 9 ms, each of which may be late.
  measureMaxMs: 90,

  open(deps) {
    checkOptions(ADS1115, deps.options);
    return openChip(deps);
  },
};

function openChip({
  device,
  pause,
  options: { rangeVolt = RANGE_VOLT_USUAL },
}: ChipDeps): ReturnType<ChipDriver['open']> {
  const { read, write } = createWordRegisters(device);
  const range = RANGES_VOLT.indexOf(rangeVolt);
  const configOf = (input: number) => ((FIRST_INPUT + input) << 12) | (range << 9) | SINGLE_SHOT;

  async function isDone(config: number): Promise<boolean> {
    const found = await read(REGISTER.config);
    if ((found & ~START_OR_DONE) !== config) throw powerLost(device);
    return (found & START_OR_DONE) !== 0;
  }

  async function voltageOf(input: number, signal: AbortSignal): Promise<ChipValue> {
    const config = configOf(input);
    await write(REGISTER.config, START_OR_DONE | config);
    await pause(CONVERSION_MS, signal);
    await untilDone({ device, pause }, 'conversion', () => isDone(config), signal);
    // 9.5.4: from -32768 to 32767. A voltage above the range reads as its end.
    const steps = signed(await read(REGISTER.conversion), 16);
    return { metric: `voltage_a${input}`, value: (steps * rangeVolt) / 32_768 };
  }

  return {
    async begin() {
      const config = configOf(0);
      await write(REGISTER.config, config);
      const kept = (await read(REGISTER.config)) & ~START_OR_DONE;
      if (kept !== config) throw wrongChip(device, 'an ADS1115', `its configuration reads as ${hex(kept)}`);
      await write(REGISTER.lowThreshold, MARK);
      const mark = await read(REGISTER.lowThreshold);
      if (mark !== MARK) throw wrongChip(device, 'an ADS1115', `its threshold reads as ${hex(mark)}`);
    },

    async measure(signal) {
      const values: ChipValue[] = [];
      for (const input of INPUTS) values.push(await voltageOf(input, signal));
      // Read last: whatever was read before it was measured by a chip that had its power.
      if ((await read(REGISTER.lowThreshold)) !== MARK) throw powerLost(device);
      return values;
    },
  };
}
