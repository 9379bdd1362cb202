/**
 * Sensirion SHT40, SHT41, SHT43 and SHT45 (temperature, humidity). Sections are those of the data sheet SHT4x,
 * version 6. Single measurements of high precision (4.5); the chip sleeps in between.
 *
 * The right chip is the one that gives a serial number with its checksums (4.5). A power loss costs nothing but
 * the measurement that it falls into, because nothing is set up.
 */

import type { ChipDriver } from '../chip.ts';
import { checkOptions } from './chip-options.ts';
import { answersTo, createSensirion, SHORT_COMMAND_MS } from './sensirion.ts';
import { measureSht } from './sht.ts';

/** 4.5, table 8: commands of one byte. A reset ends the heater of another program, too. */
const SOFT_RESET = Uint8Array.of(0x94);
const READ_SERIAL = Uint8Array.of(0x89);
const MEASURE = Uint8Array.of(0xfd);

/** 3.1, table 5: 1 ms. */
const RESET_MS = 2;
/** 3.1, table 5: 8.3 ms. */
const MEASURE_MS = 9;
const SERIAL_WORDS = 2;

export const SHT4X: ChipDriver = {
  type: 'sht4x',
  title: 'Sensirion SHT40, SHT41, SHT43 and SHT45',
  dataSheet: 'SHT4x, version 6',
  addresses: [0x44, 0x45, 0x46],
  // 2.1 and 2.2.
  metrics: [
    { metric: 'temperature', unit: 'celsius', legal: [-40, 125] },
    { metric: 'humidity', unit: 'percent', legal: [0, 100] },
  ],
  measureMaxMs: 40,
  identify: (device) => answersTo(device, READ_SERIAL, SERIAL_WORDS),

  open({ device, pause, options }) {
    checkOptions(SHT4X, options);
    const sensirion = createSensirion({ device, pause });
    const { command, answer, prove } = sensirion;
    return {
      begin: (signal) =>
        prove('an SHT4x', async () => {
          await command(SOFT_RESET, RESET_MS, signal);
          await command(READ_SERIAL, SHORT_COMMAND_MS, signal);
          await answer(SERIAL_WORDS, signal);
        }),

      measure: (signal) => measureSht(sensirion, { bytes: MEASURE, busyMs: MEASURE_MS, percentOf }, signal),
    };
  },
};

/**
 * 4.6, cut to whole thousandths and divided by 2^16 as the temperature. The formula reaches from -6 to 119 percent,
 * so that the calibration at the ends is not lost; what does not exist is cut off, as the data sheet advises. The
 * kernel leaves that to its users.
 */
function percentOf(raw: number): number {
  const milli = ((15_625 * raw) >> 13) - 6_000;
  return Math.min(100_000, Math.max(0, milli)) / 1_000;
}
