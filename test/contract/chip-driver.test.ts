/** The contract of a chip's driver over every driver in the table, without the chip; and what breaks it. */

import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { CHIP_CLAUSES } from '../../lib/flow/acquire/contract/chip-clauses.ts';
import { tryClauses } from '../../lib/flow/acquire/contract/clause.ts';
import type { Chip, ChipDriver } from '../../lib/flow/acquire/sources/i2c/chip.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { scriptedDriver } from '../support/scripted-chip.ts';

describe.each(CHIP_DRIVERS.map((driver) => [driver.type, driver] as const))(
  'the driver contract: %s',
  (_type, driver) => {
    test.each(CHIP_CLAUSES.map((clause) => [clause.title, clause] as const))('%s', async (_title, clause) => {
      await expect(clause.try(driver)).resolves.toBeUndefined();
    });
  },
);

const sound = scriptedDriver(() => []);
const opening = (chip: Partial<Chip>, over: Partial<ChipDriver> = {}): ChipDriver => ({
  ...sound,
  ...over,
  open: () => ({ begin: async () => {}, measure: async () => [], ...chip }),
});

describe('a driver that', () => {
  test('keeps to the contract breaks no clause', async () => {
    const verdicts = await tryClauses(CHIP_CLAUSES, () => sound, systemClock);

    expect(verdicts.filter(({ broken }) => broken !== undefined)).toEqual([]);
  });

  test.each<[string, ChipDriver, RegExp]>([
    ['has no address', JSON.parse('{"type":"x","metrics":[]}'), /addresses must be a list/],
    [
      'makes up values where nobody answers',
      opening({ measure: async () => [{ metric: 'temperature', value: 1 }] }),
      /it gave/,
    ],
    [
      'gives what it has not declared',
      opening({ measure: async () => [{ metric: 'mood', value: 1 }] }),
      /"mood"/,
    ],
    [
      'throws without a class',
      {
        ...sound,
        open: () => ({ begin: async () => Promise.reject(new Error('oops')), measure: async () => [] }),
      },
      /"Error: oops", which has no fault/,
    ],
    [
      'asks for ever',
      {
        ...sound,
        open: ({ device }) => ({
          begin: async () => {
            for (;;) await device.transfer(Uint8Array.of(0), 1);
          },
          measure: async () => [],
        }),
      },
      /more than 200 exchanges/,
    ],
    [
      'pauses for longer than it says',
      { ...sound, open: ({ pause }) => ({ begin: (signal) => pause(21, signal), measure: async () => [] }) },
      /paused for 21 ms, and measureMaxMs is 20/,
    ],
    [
      'goes on when its time is over',
      {
        ...sound,
        open: ({ device, pause }) => ({
          async begin(signal) {
            await pause(1, signal).catch(() => {});
            await device.transfer(Uint8Array.of(0), 1);
          },
          measure: async () => [],
        }),
      },
      /1 exchanges after the signal was aborted/,
    ],
    [
      'asks before it is begun',
      {
        ...sound,
        open: ({ device }) => {
          device.transfer(Uint8Array.of(0), 1).catch(() => {});
          return { begin: async () => {}, measure: async () => [] };
        },
      },
      /1 exchanges before begin/,
    ],
    ['is there where nobody is', { ...sound, identify: async () => true }, /it said yes/],
  ])('%s is found out', async (_what, driver, told) => {
    const verdicts = await tryClauses(CHIP_CLAUSES, () => driver, systemClock);

    expect(verdicts.map(({ broken }) => broken).join('\n')).toMatch(told);
  });
});
