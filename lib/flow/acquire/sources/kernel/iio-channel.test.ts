import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UNITS } from '../../../reading.ts';
import { parseChannel, rawValue, scaledValue } from './iio-channel.ts';

describe('the name of a file', () => {
  test.each([
    ['in_temp_input', 'temperature', 'celsius', '', ['in_temp', 'in']],
    ['in_voltage0_raw', 'voltage', 'volt', 'voltage0', ['in_voltage0', 'in_voltage', 'in']],
    [
      'in_voltage0-voltage1_raw',
      'voltage',
      'volt',
      'voltage0-voltage1',
      ['in_voltage0-voltage1', 'in_voltage-voltage', 'in'],
    ],
    ['in_concentration_co2_raw', 'co2', 'ppm', '', ['in_concentration_co2', 'in_concentration', 'in']],
    ['in_temp_object_raw', 'temperature', 'celsius', 'object', ['in_temp_object', 'in_temp', 'in']],
    [
      'in_voltage3_supply_raw',
      'voltage',
      'volt',
      'voltage3-supply',
      ['in_voltage3_supply', 'in_voltage_supply', 'in_voltage', 'in'],
    ],
  ])('%s is %s in %s', (file, metric, unit, suffix, shared) => {
    expect(parseChannel(file)).toMatchObject({ metric, unit, suffix, shared });
  });

  test.each([
    'in_temp_scale',
    'in_temp_peak_raw',
    'in_humidityrelative_trough_raw',
    'in_temp0_mean_raw',
    'in_accel_x_raw',
    'in_constructor_raw',
    'out_voltage0_raw',
    'in_temp_oversampling_ratio',
    'in_voltage0_label',
    'name',
    '',
  ])('"%s" is no channel of ours', (file) => {
    expect(parseChannel(file)).toBeUndefined();
  });

  test('any name is either no channel or one with a unit of ours', () => {
    const part = fc.constantFrom(
      'in',
      'out',
      'temp',
      'voltage',
      '0',
      '1',
      '-',
      '_',
      'co2',
      'raw',
      'input',
      'x',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const channel = parseChannel(parts.join(''));
        if (channel !== undefined) expect(UNITS).toContain(channel.unit);
      }),
    );
  });
});

describe('a value that the kernel has scaled', () => {
  test.each([
    ['21560', -3, 21.56],
    ['-10125', -3, -10.125],
    ['100.653269531', 3, 100_653.269531],
    ['0', -3, 0],
    ['612.5', 4, 6_125_000],
  ])('%s times ten to the %d is %d', (text, exponent, value) => {
    expect(scaledValue(text, exponent)).toBe(value);
  });

  test.each(['', 'n/a', '1 2 3', '0.5 dB', '--1', '1e5', '0x10', 'Infinity', '1'.repeat(30)])(
    '"%s" is no value',
    (text) => {
      expect(scaledValue(text, -3)).toBeUndefined();
      expect(rawValue({ raw: text, scale: '1', offset: undefined }, 0)).toBeUndefined();
      expect(rawValue({ raw: '1', scale: text, offset: undefined }, 0)).toBeUndefined();
    },
  );

  test('keeps every digit of the kernel', () => {
    fc.assert(
      fc.property(fc.integer({ min: -300_000, max: 300_000 }), (milli) => {
        const digits = String(Math.abs(milli)).padStart(4, '0');
        const text = `${milli < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
        expect(scaledValue(String(milli), -3)).toBe(Number(text));
      }),
    );
  });
});

describe('a raw value', () => {
  test.each([
    // An SCD41 that answers 0x6667, the 25 °C of its data sheet (3.5.2), with scale and offset of its driver.
    [{ raw: '26215', scale: '2.670328831', offset: '-16852' }, -3, 25.0022888447],
    [{ raw: '612', scale: '0.000100000', offset: undefined }, 4, 612],
    [{ raw: '431', scale: '0.833333', offset: undefined }, 0, 359.166523],
    [{ raw: '12003', scale: '0.125000000', offset: undefined }, -3, 1.500375],
    [{ raw: '-7', scale: '0.125000000', offset: undefined }, -3, -0.000875],
    [{ raw: '0', scale: '-0.1', offset: '0' }, -3, 0],
  ])('%j is offset and scaled', (texts, exponent, value) => {
    expect(rawValue(texts, exponent)).toBe(value);
  });

  test('is the product to twelve digits, whatever the numbers', () => {
    const number = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(number, number, number, (raw, offset, scale) => {
        const texts = { raw: String(raw), offset: String(offset), scale: String(scale) };
        const exact = (raw + offset) * scale;
        const value = rawValue(texts, -3) ?? Number.NaN;
        expect(Math.abs(value - exact / 1_000)).toBeLessThanOrEqual(Math.abs(exact / 1_000) * 1e-11);
        expect(Object.is(value, -0)).toBe(false);
      }),
    );
  });
});
