import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSensorChoice } from './sensor-choice.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 8 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 8 });

/** The same rule, by a regular expression. */
function meets(one: string, sensor: string): boolean {
  return new RegExp(`^${one.replaceAll('*', '.*')}$`).test(sensor);
}

describe('the choice of sensors', () => {
  test('without settings is all of them under their own names', () => {
    const choice = createSensorChoice({});

    expect(choice.wants('net-eth0')).toBe(true);
    expect(choice.wantsSome('w1-')).toBe(true);
    expect(choice.nameFor('net-eth0')).toBe('net-eth0');
  });

  test('is what `only` names, less what `skip` names, called what `names` says', () => {
    const choice = createSensorChoice({
      only: ['w1-*', 'iio-bme280-1-0076'],
      skip: ['w1-28-0416*'],
      names: { 'w1-28-0316a2795e8b': 'water-tank', constructor: 'x' },
    });

    expect(['w1-28-0316a2795e8b', 'iio-bme280-1-0076'].map(choice.wants)).toEqual([true, true]);
    expect(['w1-28-0416b1f2c3ff', 'iio-bme280-1-0077', 'cpu'].map(choice.wants)).toEqual([
      false,
      false,
      false,
    ]);
    expect(['cpu', 'net-', 'w1-', 'iio-'].map(choice.wantsSome)).toEqual([false, false, true, true]);
    expect(choice.nameFor('w1-28-0316a2795e8b')).toBe('water-tank');
    expect(choice.nameFor('toString')).toBe('toString');
  });

  test('a kind that is skipped as a whole is known before anything of it is read', () => {
    const choice = createSensorChoice({ skip: ['net-*', 'thermal-x*'] });

    expect(choice.wantsSome('net-')).toBe(false);
    expect(choice.wantsSome('thermal-')).toBe(true);
  });

  test('a star stands for any characters, wherever it stands', () => {
    fc.assert(
      fc.property(pattern, name, (one, sensor) => {
        expect(createSensorChoice({ only: [one] }).wants(sensor)).toBe(meets(one, sensor));
        expect(createSensorChoice({ skip: [one] }).wants(sensor)).toBe(!meets(one, sensor));
      }),
    );
  });

  test('no kind is left out of which a sensor is wanted', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 3 }),
        fc.array(pattern, { maxLength: 3 }),
        name,
        fc.nat(8),
        (only, skip, sensor, length) => {
          const choice = createSensorChoice({ skip, ...(only.length === 0 ? {} : { only }) });
          if (choice.wants(sensor)) expect(choice.wantsSome(sensor.slice(0, length))).toBe(true);
        },
      ),
    );
  });
});
