import { expect, test } from 'vitest';
import { checkOptions, problemWith } from './chip-options.ts';
import { CHIP_DRIVERS } from './index.ts';

const chip = { type: 'some', options: { rangeVolt: [1, 2], shuntOhm: { min: 0.1, max: 1 } } };

test('what a chip knows, within its range, is taken; left out is as good', () => {
  expect(() => checkOptions(chip, { rangeVolt: 2, shuntOhm: 0.1, oversampling: undefined })).not.toThrow();
  expect(() => checkOptions({ type: 'bare' }, {})).not.toThrow();
});

test.each([
  [{ rangeVolt: 3 }, 'rangeVolt 3 must be one of 1, 2'],
  [{ shuntOhm: 0.05 }, 'shuntOhm 0.05 must be 0.1 to 1'],
  [{ shuntOhm: Number.NaN }, 'shuntOhm NaN must be 0.1 to 1'],
  [{ oversampling: 1 }, 'oversampling 1 means nothing to a some'],
])('%j is an error of the configuration: %s', (options, message) => {
  expect(() => checkOptions(chip, options)).toThrow(
    expect.objectContaining({ code: 'SGW_CONFIG_INVALID', message }),
  );
});

test('every driver checks its options when it is opened', () => {
  const deps = {
    device: { address: 8, transfer: async () => new Uint8Array() },
    pause: async () => {},
    options: { oversampling: 3, shuntOhm: 99, rangeVolt: 99 },
  };

  for (const driver of CHIP_DRIVERS) {
    expect(() => driver.open(deps)).toThrow(expect.objectContaining({ code: 'SGW_CONFIG_INVALID' }));
  }
});

test('a range ends where it says', () => {
  expect(problemWith({ min: 1, max: 2 }, 2)).toBeUndefined();
  expect(problemWith({ min: 1, max: 2 }, 2.01)).toBe('must be 1 to 2');
});
