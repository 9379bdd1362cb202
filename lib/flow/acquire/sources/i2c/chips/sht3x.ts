/**
 * Sensirion SHT30, SHT31 and SHT35 (temperature, humidity). Sections are those of the data sheet SHT3x-DIS,
 * version 5. Single shots of high repeatability without clock stretching (4.3); the chip sleeps in between.
 *
 * There is no id, but every answer carries checksums: a chip that is not of this kind does not give them.
 * A power loss costs nothing but the measurement that it falls into, because nothing is set up.
 */

import type { ChipDriver } from '../chip.ts';
import { checkOptions } from './chip-options.ts';
import { answersTo, commandOf, createSensirion, SHORT_COMMAND_MS } from './sensirion.ts';
import { measureSht } from './sht.ts';

/** 4.8: ends a periodic measurement that another program has started. */
const BREAK = commandOf(0x3093);
/** 4.9: a heater that was left on goes off; only taken when no measurement runs. */
const SOFT_RESET = commandOf(0x30a2);
/** 4.11. */
const READ_STATUS = commandOf(0xf32d);
/** 4.3, table 9: high repeatability, no clock stretching. */
const MEASURE = commandOf(0x2400);

/** 4.8. */
const BREAK_MS = 1;
/** 2.1, table 4: 1.5 ms. */
const RESET_MS = 2;
/** 2.1, table 4: 15 ms, below 2.4 V 15.5 ms. */
const MEASURE_MS = 16;

export const SHT3X: ChipDriver = {
  type: 'sht3x',
  title: 'Sensirion SHT30, SHT31 and SHT35',
  dataSheet: 'SHT3x-DIS, version 5',
  addresses: [0x44, 0x45],
  // 1.1, tables 1 and 2.
  metrics: [
    { metric: 'temperature', unit: 'celsius', legal: [-40, 125] },
    { metric: 'humidity', unit: 'percent', legal: [0, 100] },
  ],
  measureMaxMs: 40,
  identify: (device) => answersTo(device, READ_STATUS, 1),

  open({ device, pause, options }) {
    checkOptions(SHT3X, options);
    const sensirion = createSensirion({ device, pause });
    const { command, answer, prove } = sensirion;
    return {
      begin: (signal) =>
        prove('an SHT3x', async () => {
          await command(BREAK, BREAK_MS, signal);
          await command(SOFT_RESET, RESET_MS, signal);
          await command(READ_STATUS, SHORT_COMMAND_MS, signal);
          await answer(1, signal);
        }),

      measure: (signal) => measureSht(sensirion, { bytes: MEASURE, busyMs: MEASURE_MS, percentOf }, signal),
    };
  },
};

/** 4.13, cut to whole thousandths and divided by 2^16 as the temperature. */
function percentOf(raw: number): number {
  return ((12_500 * raw) >> 13) / 1_000;
}
