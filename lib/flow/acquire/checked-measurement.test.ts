import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NAME_PATTERN, UNITS } from '../reading.ts';
import { checkMeasurements, MEASUREMENTS_MAX, messageOfAnything } from './checked-measurement.ts';

const good = { sensor: 'greenhouse', metric: 'temperature', unit: 'celsius', value: 21.5 };

test('what is good passes, and -0 becomes 0', () => {
  const { measurements, rejections } = checkMeasurements([good, { ...good, metric: 'frost', value: -0 }]);

  expect(measurements[0]).toEqual(good);
  expect(Object.is(measurements[1]?.value, 0)).toBe(true);
  expect(rejections).toEqual([]);
});

const throwing = Object.defineProperty({ ...good }, 'value', {
  get: () => {
    throw new Error('gone');
  },
});

test.each([
  ['NaN', { ...good, value: Number.NaN }, 'NaN is not a finite number'],
  ['Infinity', { ...good, value: Number.POSITIVE_INFINITY }, 'Infinity is not a finite number'],
  ['a number as text', { ...good, value: '21.5' }, '21.5 is not a finite number'],
  ['a bigint', { ...good, value: 21n }, '21 is not a finite number'],
  ['no value', { sensor: 'a', metric: 'b', unit: 'celsius' }, 'undefined is not a finite number'],
  ['an unknown unit', { ...good, unit: 'fahrenheit' }, 'unit fahrenheit is not one of'],
  ['a unit that is inherited', { ...good, unit: 'constructor' }, 'unit constructor is not one of'],
  ['an upper-case sensor', { ...good, sensor: 'Greenhouse' }, 'sensor must be'],
  ['an empty metric', { ...good, metric: '' }, 'metric must be'],
  ['a metric of 49 characters', { ...good, metric: 'm'.repeat(49) }, 'metric must be'],
  ['a name with an escape sequence', { ...good, sensor: '\u001b[2Jx' }, 'sensor must be'],
  ['null', null, 'null is not a measurement'],
  ['a text', 'warm', 'warm is not a measurement'],
  ['a getter that throws', throwing, 'cannot be read: gone'],
])('%s is rejected by itself and leaves its neighbours alone', (_what, bad, message) => {
  const { measurements, rejections } = checkMeasurements([good, bad, { ...good, metric: 'after' }]);

  expect(measurements.map((one) => one.metric)).toEqual(['temperature', 'after']);
  expect(rejections).toHaveLength(1);
  expect(rejections[0]?.message).toContain(message);
  expect(rejections[0]?.sensor.includes('\u001b')).toBe(false);
});

test('a property that changes its mind is read once', () => {
  let reads = 0;
  const fickle = Object.defineProperty({ ...good }, 'value', {
    get: () => {
      reads += 1;
      return reads === 1 ? 20 : Number.NaN;
    },
  });

  expect(checkMeasurements([fickle]).measurements[0]?.value).toBe(20);
});

test('of 10,000 measurements the first 256 are kept and the rest is one rejection', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...good, metric: `m${i}` }));

  const { measurements, rejections } = checkMeasurements(many);

  expect(measurements).toHaveLength(MEASUREMENTS_MAX);
  expect(rejections).toEqual([{ sensor: '*', metric: '*', message: expect.stringContaining('10000') }]);
});

test.each([[null], [undefined], ['text'], [7], [{}], [{ length: 3 }]])(
  '%j instead of a list is refused as a whole',
  (answer) => {
    expect(() => checkMeasurements(answer)).toThrow(/instead of a list/);
  },
);

test('anything that a source could answer ends in valid measurements and printable rejections', () => {
  const item = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }),
    fc.record({
      sensor: fc.oneof(fc.constant('s'), fc.string()),
      metric: fc.constant('m'),
      unit: fc.constantFrom(...UNITS, 'cubit'),
      value: fc.double(),
    }),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), (items) => {
      const { measurements, rejections } = checkMeasurements(items);

      expect(measurements.length + rejections.length).toBe(items.length);
      for (const one of measurements) {
        expect(one.sensor).toMatch(NAME_PATTERN);
        expect(Number.isFinite(one.value)).toBe(true);
      }
    }),
  );
});

test.each([
  [Object.create(null), 'something that cannot be printed'],
  ['a\nb', 'a\\nb'],
  [undefined, 'undefined'],
])('whatever is thrown has a message', (thrown, message) => {
  expect(messageOfAnything(thrown)).toBe(message);
});
