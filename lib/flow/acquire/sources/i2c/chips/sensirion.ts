/**
 * How Sensirion's chips are spoken to: a command, a time in which the chip is busy and does not answer, then an
 * answer of 16-bit words, each followed by its checksum (SHT3x 4.1 to 4.4, SHT4x 4.5, SCD4x 3.3). The chip is
 * never asked to stretch the clock: that would hold the bus for everybody, and a Raspberry Pi before the fifth
 * reads garbage then.
 */

import { type ChipDeps, ChipError, faultOf, type I2cDevice } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { notReady, unlessItRefuses, wrongChip } from './chip-faults.ts';
import { crc8 } from './crc8.ts';
import { wordAt } from './words.ts';

const NOTHING = new Uint8Array();

/** Two bytes and their checksum. */
const WORD_BYTES = 3;

/** A chip that is still busy after the time of its data sheet is asked so often again, so far apart. */
const LOOKS_MAX = 5;
const LOOK_PAUSE_MS = 2;

/** The longest that any of them takes for a command that only reads. */
export const SHORT_COMMAND_MS = 1;

/** `identify` may not pause: it asks until the millisecond has passed that the chips may take for it. */
const IMMEDIATE_LOOKS_MAX = 25;

export interface Sensirion {
  /** Sends the bytes of a command and waits for as long as the chip is busy with it. */
  command(bytes: Uint8Array, busyMs: number, signal: AbortSignal): Promise<void>;
  /** The words of the answer. Rejects with `not_ready` if none comes, `checksum` if one of them does not hold. */
  answer(words: number, signal: AbortSignal): Promise<readonly number[]>;
  /**
   * Does `work`, which only the right chip goes along with. A chip that acknowledges its address and not the
   * commands, twice, is another one (`wrong_chip`). `wanted`: `an SHT4x`.
   */
  prove(wanted: string, work: () => Promise<unknown>): Promise<void>;
}

export function createSensirion({ device, pause }: Pick<ChipDeps, 'device' | 'pause'>): Sensirion {
  /** Without a byte of data. */
  const isThere = () =>
    device.transfer(NOTHING, 0).then(
      () => true,
      () => false,
    );

  return {
    async command(bytes, busyMs, signal) {
      await device.transfer(bytes, 0);
      await pause(busyMs, signal);
    },

    answer: (words, signal) => answerWithin(device, words, LOOKS_MAX, () => pause(LOOK_PAUSE_MS, signal)),

    async prove(wanted, work) {
      try {
        // The second time against noise: one exchange that was lost must not make another chip of this one.
        await work().catch(async (error: unknown) => {
          if (!isRefusal(error) || !(await isThere())) throw error;
          await work();
        });
      } catch (error) {
        if (faultOf(error) === 'checksum') throw noChecksums(device, wanted, error);
        if (!isRefusal(error) || !(await isThere())) throw error;
        throw wrongChip(device, wanted, 'it answers to its address, and not to the commands');
      }
    },
  };
}

function isRefusal(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'no_answer' || fault === 'not_ready';
}

/** Noise and another chip look the same here, so both are named. */
function noChecksums(device: I2cDevice, wanted: string, cause: unknown): ChipError {
  return new ChipError(
    'checksum',
    `what answers at ${hex(device.address)} does not give the checksums of ${wanted}: look for loose or long wires. Or is it another sensor?`,
    { cause },
  );
}

/**
 * Whether a chip answers to the command with `words` that carry their checksums. For commands without side
 * effects only.
 */
export function answersTo(device: I2cDevice, command: Uint8Array, words: number): Promise<boolean> {
  return unlessItRefuses(async () => {
    await device.transfer(command, 0);
    await answerWithin(device, words, IMMEDIATE_LOOKS_MAX, async () => {});
    return true;
  });
}

/** A busy chip does not answer to its address (SHT3x 4.4, SHT4x 4.5, SCD4x 3.6). */
async function answerWithin(
  device: I2cDevice,
  words: number,
  looks: number,
  pause: () => Promise<void>,
): Promise<readonly number[]> {
  for (let look = 1; ; look += 1) {
    try {
      return wordsOf(device, await device.transfer(NOTHING, words * WORD_BYTES));
    } catch (error) {
      if (faultOf(error) !== 'no_answer') throw error;
      if (look === looks) throw notReady(device, 'command', error);
    }
    await pause();
  }
}

function wordsOf(device: I2cDevice, answer: Uint8Array): readonly number[] {
  const words: number[] = [];
  for (let at = 0; at < answer.length; at += WORD_BYTES) {
    const [high = 0, low = 0, sum] = answer.subarray(at, at + WORD_BYTES);
    if (crc8([high, low]) !== sum) {
      throw new ChipError(
        'checksum',
        `word ${words.length + 1} from ${hex(device.address)} does not match its checksum: look for loose or long wires`,
      );
    }
    words.push(wordAt(answer, at));
  }
  return words;
}

/** A command of 16 bits. */
export function commandOf(code: number): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff);
}
