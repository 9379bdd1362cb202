/**
 * Sensirion SCD40, SCD41 and SCD43 (carbon dioxide, temperature, humidity). Sections are those of the data sheet
 * SCD4x, version 1.3. The chip measures by itself every 5 s (3.5.1) and keeps what is new until it is read, so a
 * round never waits for it: without a new value there is none in this round.
 *
 * The right chip is the one that gives a serial number with its checksums (3.9.2). After a power loss it is idle
 * and would never have anything new; it then answers to commands that it refuses while it measures (3.4, table 9).
 */

import { type ChipDriver, faultOf } from '../chip.ts';
import { powerLost } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { answersTo, commandOf, createSensirion, SHORT_COMMAND_MS } from './sensirion.ts';

/** 3.5.1. */
const START = commandOf(0x21b1);
/** 3.5.2. */
const READ = commandOf(0xec05);
/** 3.5.3. */
const STOP = commandOf(0x3f86);
/** 3.8.2. */
const GET_READY = commandOf(0xe4b8);
/** 3.9.2. */
const GET_SERIAL = commandOf(0x3682);

/** 3.4, table 9: the time in which the chip is busy with it. */
const STOP_MS = 500;

/** 3.8.2: the lowest 11 bits are 0 while there is nothing new. */
const READY_BITS = 0x7ff;

const SERIAL_WORDS = 3;

export const SCD4X: ChipDriver = {
  type: 'scd4x',
  title: 'Sensirion SCD40, SCD41 and SCD43',
  dataSheet: 'SCD4x, version 1.3',
  addresses: [0x62],
  // 1.1 to 1.3: what it gives, not how far it is exact.
  metrics: [
    { metric: 'co2', unit: 'ppm', legal: [0, 40_000] },
    { metric: 'temperature', unit: 'celsius', legal: [-10, 60] },
    { metric: 'humidity', unit: 'percent', legal: [0, 100] },
  ],
  intervalMinMs: 5_000,
  measureMaxMs: 540,
  identify: (device) => answersTo(device, GET_READY, 1),

  open({ device, pause, options }) {
    checkOptions(SCD4X, options);
    const { command, answer, prove } = createSensirion({ device, pause });

    async function ask(code: Uint8Array, words: number, signal: AbortSignal): Promise<readonly number[]> {
      await command(code, SHORT_COMMAND_MS, signal);
      return answer(words, signal);
    }

    /** While it measures, the chip refuses the command: some revisions at once, others by not answering. */
    async function assertMeasuring(signal: AbortSignal): Promise<void> {
      try {
        await ask(GET_SERIAL, SERIAL_WORDS, signal);
      } catch (error) {
        const fault = faultOf(error);
        if (fault === 'no_answer' || fault === 'not_ready') return;
        throw error;
      }
      throw powerLost(device);
    }

    return {
      async begin(signal) {
        await prove('an SCD4x', async () => {
          await command(STOP, STOP_MS, signal);
          await ask(GET_SERIAL, SERIAL_WORDS, signal);
        });
        await device.transfer(START, 0);
      },

      async measure(signal) {
        const [ready = 0] = await ask(GET_READY, 1, signal);
        if ((ready & READY_BITS) === 0) {
          await assertMeasuring(signal);
          return [];
        }
        const [co2 = 0, temperature = 0, humidity = 0] = await ask(READ, 3, signal);
        // Air without any carbon dioxide does not exist: the chip is still warming up.
        if (co2 === 0) return [];
        return [
          { metric: 'co2', value: co2 },
          { metric: 'temperature', value: celsiusOf(temperature) },
          { metric: 'humidity', value: percentOf(humidity) },
        ];
      },

      async end(signal) {
        await command(STOP, STOP_MS, signal);
      },
    };
  },
};

/**
 * 3.5.2, with the scale and offset of the kernel's driver: 2^16, as in the data sheet's version 1.1, where later
 * versions say 2^16 - 1. That is less than 0.003 celsius.
 */
function celsiusOf(raw: number): number {
  return (175 * raw) / 65_536 - 45;
}

/** 3.5.2, as above. */
function percentOf(raw: number): number {
  return (100 * raw) / 65_536;
}
