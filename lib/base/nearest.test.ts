import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  const known = ['interval', 'deadline', 'url', 'token_file'];

  it.each([
    ['intervall', 'interval'],
    ['intreval', 'interval'],
    ['INTERVAL', 'interval'],
    ['urls', 'url'],
    ['token', undefined],
    ['colour', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it('says nothing when nothing is near', () => {
    expect(didYouMean('colour', known)).toBe('');
    expect(didYouMean('intervall', known)).toBe(' Did you mean "interval"?');
  });
});

describe('editDistance', () => {
  it('counts a swap of neighbours as one mistake', () => {
    expect(editDistance('inetrval', 'interval')).toBe(1);
  });

  it('is zero for equal words only, symmetric, and never more than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
