import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checksumOf } from '../../../../../../test/support/chips/fake-sensirion.ts';
import { crc8 } from './crc8.ts';

const word = fc.integer({ min: 0, max: 0xffff });
const bytesOf = (value: number): [number, number] => [value >> 8, value & 0xff];

test.each([
  // SHT3x 4.12, table 20; SHT4x 4.4; SCD4x 3.11.
  [0xbeef, 0x92],
  // SCD4x 3.5.2 and 3.9.2: every word that an example gives.
  [0x01f4, 0x33],
  [0x6667, 0xa2],
  [0x5eb9, 0x3c],
  [0xf896, 0x31],
  [0x9f07, 0xc2],
  [0x3bbe, 0x89],
])('the example of the data sheet for %i has the checksum %i', (value, sum) => {
  expect(crc8(bytesOf(value))).toBe(sum);
});

test('nothing at all has the checksum from which it starts', () => {
  expect(crc8([])).toBe(0xff);
});

test('a dead bus, all ones or all zeros, never carries its own checksum', () => {
  expect(crc8([0xff, 0xff])).not.toBe(0xff);
  expect(crc8([0, 0])).not.toBe(0);
});

test('it is what long division by the polynomial leaves', () => {
  fc.assert(
    fc.property(word, (value) => {
      expect(crc8(bytesOf(value))).toBe(checksumOf(value));
    }),
  );
});

test('every single bit, every pair of bits and every burst of eight that is wrong in three bytes is found', () => {
  const isFound = (value: number, error: number) => {
    const garbled = ((value << 8) | crc8(bytesOf(value))) ^ error;
    return crc8([garbled >> 16, (garbled >> 8) & 0xff]) !== (garbled & 0xff);
  };
  fc.assert(
    fc.property(word, (value) => {
      for (let first = 0; first < 24; first += 1) {
        for (let second = 0; second < 24; second += 1) {
          expect(isFound(value, (1 << first) | (1 << second))).toBe(true);
        }
      }
    }),
    { numRuns: 20 },
  );
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 0xff }), fc.nat(16), (value, burst, at) => {
      expect(isFound(value, burst << at)).toBe(true);
    }),
  );
});
