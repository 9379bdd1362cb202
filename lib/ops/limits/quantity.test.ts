import { describe, expect, it } from 'vitest';
import { difference, inWords, least, product, type Quantity, shareOf, sum } from './quantity.ts';

const bytes = (name: string, value: number): Quantity => ({
  name,
  value,
  unit: 'bytes',
  place: `${name}.yaml`,
});

describe('a quantity', () => {
  it.each([
    [250, 'ms', '250 ms'],
    [4_500, 'ms', '4.5 s'],
    [90_000, 'ms', '90 s'],
    [600_000, 'ms', '10 min'],
    [86_400_000, 'ms', '24 h'],
    [0, 'ms', '0 ms'],
    [Number.POSITIVE_INFINITY, 'ms', 'without limit'],
    [512, 'bytes', '512 bytes'],
    [536_870_912, 'bytes', '512 MiB'],
    [1_610_612_736, 'bytes', '1.5 GiB'],
    [-1_048_576, 'bytes', '-1 MiB'],
    [20, 'pieces', '20'],
  ] as const)('of %d %s is shown as "%s"', (value, unit, words) => {
    expect(inWords({ name: '', place: '', value, unit })).toBe(words);
  });

  it('keeps where it comes from through arithmetic', () => {
    const [a, b] = [bytes('a', 30), bytes('b', 10)];

    expect(sum('both', a, b, a)).toEqual({ name: 'both', value: 70, unit: 'bytes', place: 'a.yaml, b.yaml' });
    expect(difference('rest', a, b)).toMatchObject({ value: 20, place: 'a.yaml, b.yaml' });
    expect(product('times', a, b)).toMatchObject({ value: 300, place: 'a.yaml, b.yaml' });
    expect(shareOf(a, 1 / 3, 'a third of')).toMatchObject({
      name: 'a third of a',
      value: 10,
      place: 'a.yaml',
    });
    expect(least(undefined, a, b)).toBe(b);
  });

  it('that nobody knows stays unknown through it', () => {
    const a = bytes('a', 30);

    for (const made of [sum('', a, undefined), difference('', undefined, a), product('', a, undefined)])
      expect(made).toBeUndefined();
    expect(shareOf(undefined, 2, '')).toBeUndefined();
    expect(least(undefined)).toBeUndefined();
    expect(least(a, undefined)).toBe(a);
  });
});
