import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crcOf, parseOneWireAnswer, parseOneWireTemperature } from './one-wire-answer.ts';

/** A scratchpad as the kernel shows it, with the checksum that belongs to it. */
function answer(bytes: readonly number[], milliCelsius: number, verdict = 'YES'): string {
  const all = [...bytes, crcOf(bytes)];
  return lines(all, milliCelsius, verdict);
}

function lines(bytes: readonly number[], milliCelsius: number, verdict: string): string {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${hex} : crc=${hex.slice(-2)} ${verdict}\n${hex} t=${milliCelsius}`;
}

const GOOD = [0x72, 0x01, 0x4b, 0x46, 0x7f, 0xff, 0x0e, 0x10];

describe('the answer of a 1-Wire thermometer', () => {
  test('is a temperature when its checksum holds', () => {
    const recorded = '72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125';

    expect(parseOneWireAnswer(recorded)).toEqual({ milliCelsius: 23_125 });
    expect(parseOneWireAnswer(answer([0x5e, 0xff, 0x4b, 0x46, 0x7f, 0xff, 0x02, 0x10], -10_125))).toEqual({
      milliCelsius: -10_125,
    });
  });

  test('is none when the kernel says NO, which prints the temperature of an earlier answer', () => {
    expect(parseOneWireAnswer(answer(GOOD, 23_125, 'NO'))).toEqual({
      fault: expect.stringContaining('CRC'),
    });
  });

  test('is none when any single bit has changed, whatever the kernel says', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(7), (at, bit) => {
        const bytes = [...GOOD, crcOf(GOOD)].map((byte, i) => (i === at ? byte ^ (1 << bit) : byte));
        expect(parseOneWireAnswer(lines(bytes, 23_125, 'YES'))).toHaveProperty('fault');
      }),
    );
  });

  test('is none when all is zero, although that has a good checksum: the data wire is at ground', () => {
    expect(parseOneWireAnswer(lines(Array(9).fill(0), 0, 'YES'))).toEqual({
      fault: expect.stringContaining('does not answer'),
    });
  });

  test('is none at 85 degrees before the first conversion, and one at 85 degrees after it', () => {
    const powerUp = answer([0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10], 85_000);
    const hot = answer([0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x10, 0x10], 85_000);

    expect(parseOneWireAnswer(powerUp)).toEqual({ fault: expect.stringContaining('loses power') });
    expect(parseOneWireAnswer(hot)).toEqual({ milliCelsius: 85_000 });
  });

  test.each([-127_000, 127_937, -55_001, 125_001])(
    'is none at %d thousandths, which no chip measures',
    (milli) => {
      expect(parseOneWireAnswer(answer(GOOD, milli))).toEqual({
        fault: expect.stringContaining('cannot measure'),
      });
    },
  );

  test.each([
    ['nothing', ''],
    ['a line', '72 01 4b 46 7f ff 0e 10 57 : crc=57 YES'],
    ['eight bytes', '72 01 4b 46 7f ff 0e 10 : crc=57 YES\n72 01 t=23125'],
    ['no number', '72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t='],
    ['too many lines', `${answer(GOOD, 23_125)}\nt=1`],
    ['text', 'No such device'],
  ])('(%s) is none', (_what, text) => {
    expect(parseOneWireAnswer(text)).toEqual({ fault: expect.stringContaining('does not answer') });
  });

  test('is never more than a temperature that the chip can measure, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc
        .tuple(fc.array(fc.nat(255), { minLength: 8, maxLength: 8 }), fc.integer())
        .map((of) => answer(...of)),
    );
    fc.assert(
      fc.property(text, (line) => {
        const parsed = parseOneWireAnswer(line);
        if ('fault' in parsed) return;
        expect(parsed.milliCelsius).toBeGreaterThanOrEqual(-55_000);
        expect(parsed.milliCelsius).toBeLessThanOrEqual(125_000);
      }),
    );
  });
});

test.each([
  ['21562', { milliCelsius: 21_562 }],
  ['-125', { milliCelsius: -125 }],
  ['85000', { fault: expect.stringContaining('loses power') }],
  ['-127000', { fault: expect.stringContaining('cannot measure') }],
  ['', { fault: expect.stringContaining('does not answer') }],
  ['21.5', { fault: expect.stringContaining('does not answer') }],
])('a bare temperature of "%s" has no bytes to check, and 85 degrees is not believed', (text, expected) => {
  expect(parseOneWireTemperature(text)).toEqual(expected);
});
