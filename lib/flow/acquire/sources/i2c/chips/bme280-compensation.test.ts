import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXAMPLE } from '../../../../../../test/support/fake-bme280.ts';
import {
  type Bme280Calibration,
  compensateHumidity,
  compensatePressure,
  compensateTemperature,
  fineTemperature,
  parseCalibration,
} from './bme280-compensation.ts';

const [t1, t2, t3] = EXAMPLE.temperature;
const h = EXAMPLE.humidity;
const calibration: Bme280Calibration = { t1, t2, t3, p: EXAMPLE.pressure, h };

test('the worked example of BST-BMP280-DS001, section 3.12, comes out', () => {
  const fine = fineTemperature(519_888, calibration);

  expect(fine).toBe(128_422);
  expect(compensateTemperature(fine)).toBe(25.08);
  // The figure prints 100653.27 (25767236 in steps of 1/256), which is the result in doubles; its footnote
  // allows the integer result to deviate, and the published 64-bit code gives three steps less.
  expect(inDoubles(519_888, 415_148, 0).pascal).toBeCloseTo(100_653.27, 2);
  expect(compensatePressure(415_148, fine, calibration)).toBe(25_767_233 / 256);
});

/** The double-precision formulas of BST-BME280-DS001, appendix 8.1: an independent second opinion. */
function inDoubles(rawT: number, rawP: number, rawH: number) {
  const v1 = (rawT / 16_384 - t1 / 1_024) * t2;
  const v2 = (rawT / 131_072 - t1 / 8_192) ** 2 * t3;
  const fine = v1 + v2;
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = EXAMPLE.pressure;
  let a = fine / 2 - 64_000;
  let b = (a * a * p6) / 32_768 + a * p5 * 2;
  b = b / 4 + p4 * 65_536;
  a = ((p3 * a * a) / 524_288 + p2 * a) / 524_288;
  a = (1 + a / 32_768) * p1;
  const p = ((1_048_576 - rawP - b / 4_096) * 6_250) / a;
  const pascal = p + ((p9 * p * p) / 2_147_483_648 + (p * p8) / 32_768 + p7) / 16;
  const x = fine - 76_800;
  const bend = 1 + (h.h6 / 67_108_864) * x * (1 + (h.h3 / 67_108_864) * x);
  const linear = (rawH - (h.h4 * 64 + (h.h5 / 16_384) * x)) * ((h.h2 / 65_536) * bend);
  const percent = Math.min(100, Math.max(0, linear * (1 - (h.h1 * linear) / 524_288)));
  return { celsius: fine / 5_120, pascal, percent };
}

test('the integer formulas agree with the double ones over the whole range of the chip', () => {
  const raw20 = (min: number, max: number) => fc.integer({ min, max });
  fc.assert(
    fc.property(
      raw20(320_000, 700_000),
      raw20(200_000, 700_000),
      fc.integer({ min: 0, max: 65_535 }),
      (t, p, rh) => {
        const doubles = inDoubles(t, p, rh);

        const fine = fineTemperature(t, calibration);

        expect(Math.abs(compensateTemperature(fine) - doubles.celsius)).toBeLessThan(0.02);
        expect(Math.abs(compensatePressure(p, fine, calibration) - doubles.pascal)).toBeLessThan(3);
        expect(Math.abs(compensateHumidity(rh, fine, h) - doubles.percent)).toBeLessThan(0.1);
      },
    ),
  );
});

test('the trimming parameters are parsed with their signs and their shared register', () => {
  const low = new Uint8Array(26);
  const view = new DataView(low.buffer);
  for (const [i, value] of [...EXAMPLE.temperature, ...EXAMPLE.pressure].entries()) {
    view.setInt16(2 * i, value, true);
  }
  low[25] = 75;
  const h4 = -3;
  const h5 = -2_048;
  const high = Uint8Array.of(
    0x69,
    0x01,
    0,
    (h4 >> 4) & 0xff,
    (h4 & 0x0f) | ((h5 & 0x0f) << 4),
    (h5 >> 4) & 0xff,
    0xe2,
  );

  expect(parseCalibration(low, high)).toEqual({
    t1,
    t2,
    t3,
    p: [...EXAMPLE.pressure],
    h: { h1: 75, h2: 361, h3: 0, h4, h5, h6: -30 },
  });
  expect(parseCalibration(low, undefined).h).toBeUndefined();
});

test('an empty calibration is an error and not a vacuum', () => {
  const empty = { ...calibration, p: [0, 0, 0, 0, 0, 0, 0, 0, 0] as const };

  expect(() => compensatePressure(415_148, 128_422, empty)).toThrow(/calibration of the chip is empty/);
});
