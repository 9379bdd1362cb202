/**
 * From the raw values of a BME280 or BMP280 to celsius, pascal and percent, with the integer formulas of
 * the data sheet (BST-BME280-DS001, section 4.2.3; BST-BMP280-DS001, section 3.11.3). They are the ones
 * that the kernel's own driver uses, so both give the same digits; doubles would differ in the last.
 */

/** Section 4.2.2, table 16: the trimming parameters, burnt into each chip at its test. */
export interface Bme280Calibration {
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  /** dig_P1 to dig_P9. */
  readonly p: readonly [number, number, number, number, number, number, number, number, number];
  /** `undefined` for a BMP280, which has no humidity sensor. */
  readonly h: Bme280HumidityCalibration | undefined;
}

export interface Bme280HumidityCalibration {
  readonly h1: number;
  readonly h2: number;
  readonly h3: number;
  readonly h4: number;
  readonly h5: number;
  readonly h6: number;
}

/** `low`: the 26 bytes from 0x88; `high`: the 7 bytes from 0xE1, only a BME280 has them. */
export function parseCalibration(low: Uint8Array, high: Uint8Array | undefined): Bme280Calibration {
  const view = new DataView(low.buffer, low.byteOffset, low.byteLength);
  const s16 = (index: number) => view.getInt16(index, true);
  return {
    t1: view.getUint16(0, true),
    t2: s16(2),
    t3: s16(4),
    p: [view.getUint16(6, true), s16(8), s16(10), s16(12), s16(14), s16(16), s16(18), s16(20), s16(22)],
    h: high === undefined ? undefined : parseHumidity(view.getUint8(25), high),
  };
}

/** dig_H4 and dig_H5 are 12 bits wide and share register 0xE5. */
function parseHumidity(h1: number, high: Uint8Array): Bme280HumidityCalibration {
  const view = new DataView(high.buffer, high.byteOffset, high.byteLength);
  const shared = view.getUint8(4);
  return {
    h1,
    h2: view.getInt16(0, true),
    h3: view.getUint8(2),
    h4: view.getInt8(3) * 16 + (shared & 0x0f),
    h5: view.getInt8(5) * 16 + (shared >> 4),
    h6: view.getInt8(6),
  };
}

/** The temperature in a finer scale; pressure and humidity are corrected by it. 32-bit arithmetic. */
export function fineTemperature(rawTemperature: number, { t1, t2, t3 }: Bme280Calibration): number {
  const coarse = (Math.imul((rawTemperature >> 3) - (t1 << 1), t2) | 0) >> 11;
  const offset = (rawTemperature >> 4) - t1;
  return (coarse + (Math.imul(Math.imul(offset, offset) >> 12, t3) >> 14)) | 0;
}

/** In celsius; the formula resolves 0.01. */
export function compensateTemperature(fine: number): number {
  return ((fine * 5 + 128) >> 8) / 100;
}

/** In pascal, in steps of 1/256. 64-bit arithmetic, as the data sheet recommends. */
export function compensatePressure(rawPressure: number, fine: number, { p }: Bme280Calibration): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = p;
  const t = BigInt(fine) - 128_000n;
  const offset = t * t * BigInt(p6) + ((t * BigInt(p5)) << 17n) + (BigInt(p4) << 35n);
  const scale = ((t * t * BigInt(p3)) >> 8n) + ((t * BigInt(p2)) << 12n);
  const divisor = (((1n << 47n) + scale) * BigInt(p1)) >> 33n;
  // The data sheet returns 0 here; that would be a reading of a vacuum.
  if (divisor === 0n) throw new Error('the calibration of the chip is empty: it gives no pressure');
  const coarse = (((1_048_576n - BigInt(rawPressure)) << 31n) - offset) * 3_125n;
  const pressure = coarse / divisor;
  const square = (BigInt(p9) * (pressure >> 13n) * (pressure >> 13n)) >> 25n;
  const linear = (BigInt(p8) * pressure) >> 19n;
  return Number(((pressure + square + linear) >> 8n) + (BigInt(p7) << 4n)) / 256;
}

/** In percent, in steps of 1/1024. 32-bit arithmetic. */
export function compensateHumidity(rawHumidity: number, fine: number, h: Bme280HumidityCalibration): number {
  const t = fine - 76_800;
  const raw = (((rawHumidity << 14) - (h.h4 << 20) - Math.imul(h.h5, t)) | 0) + 16_384;
  const bend = Math.imul(Math.imul(t, h.h6) >> 10, (Math.imul(t, h.h3) >> 11) + 32_768) >> 10;
  const gain = (Math.imul(bend + 2_097_152, h.h2) + 8_192) >> 14;
  const linear = Math.imul((raw | 0) >> 15, gain);
  const curved = linear - (Math.imul(Math.imul(linear >> 15, linear >> 15) >> 7, h.h1) >> 4);
  // Zero to one hundred percent in the formula's own scale of 2^22.
  return (Math.min(Math.max(curved, 0), 419_430_400) >> 12) / 1_024;
}
