import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signed, wordAt } from './words.ts';

test('a word has its most significant byte first, wherever it stands in whatever buffer', () => {
  const bytes = Uint8Array.of(9, 0x12, 0x34, 0xab).subarray(1);

  expect(wordAt(bytes)).toBe(0x1234);
  expect(wordAt(bytes, 1)).toBe(0x34ab);
  expect(() => wordAt(bytes, 2)).toThrow(RangeError);
});

test('every number of up to 32 bits comes back from its lowest bits, whatever stands above them', () => {
  const sized = fc
    .integer({ min: 1, max: 32 })
    .chain((bits) =>
      fc.tuple(
        fc.constant(bits),
        fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }),
        fc.nat(),
      ),
    );
  fc.assert(
    fc.property(sized, ([bits, value, above]) => {
      const mixed = bits === 32 ? value : (value & (2 ** bits - 1)) | (above << bits);

      expect(signed(mixed, bits)).toBe(value);
    }),
  );
});
