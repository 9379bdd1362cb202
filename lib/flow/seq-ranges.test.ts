import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  countOf,
  difference,
  formatRanges,
  intersection,
  NO_SEQS,
  normalized,
  rangesOfSeqs,
  type SeqRanges,
  seqsOf,
  union,
} from './seq-ranges.ts';

/** Small numbers close together, so that ranges touch, overlap and enclose each other all the time. */
const seq = fc.integer({ min: 1, max: 60 });
const range = fc.tuple(seq, fc.nat(12)).map(([lo, more]) => [lo, lo + more] as const);
const anyRanges = fc.array(range, { maxLength: 12 });
const ranges = anyRanges.map(normalized);

/** The model: a plain set of numbers. */
const setOf = (some: SeqRanges) => new Set(seqsOf(some));
const sorted = (set: Iterable<number>) => [...set].sort((a, b) => a - b);

/** Sorted, disjoint, never adjacent, never empty. */
function expectCanonical(some: SeqRanges): void {
  for (const [i, [lo, hi]] of some.entries()) {
    expect(lo).toBeLessThanOrEqual(hi);
    const next = some[i + 1];
    if (next !== undefined) expect(next[0]).toBeGreaterThan(hi + 1);
  }
}

function expectMembers(some: SeqRanges, members: Iterable<number>): void {
  expectCanonical(some);
  expect([...seqsOf(some)]).toEqual(sorted(members));
}

describe('sets of ranges behave like sets of numbers', () => {
  it('normalized: any ranges, in any order, have one canonical form', () => {
    fc.assert(
      fc.property(anyRanges, (some) => {
        const once = normalized(some);
        expectMembers(once, new Set(some.flatMap((one) => [...seqsOf([one])])));
        expect(normalized(once)).toEqual(once);
        expect(normalized(some.toReversed())).toEqual(once);
      }),
    );
  });

  it('rangesOfSeqs: any numbers, repeated or not', () => {
    fc.assert(
      fc.property(fc.array(seq), (seqs) => {
        expectMembers(rangesOfSeqs(seqs), new Set(seqs));
        expect(rangesOfSeqs(seqsOf(rangesOfSeqs(seqs)))).toEqual(rangesOfSeqs(seqs));
      }),
    );
  });

  it('union', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        expectMembers(union(a, b), new Set([...setOf(a), ...setOf(b)]));
        expect(union(b, a)).toEqual(union(a, b));
      }),
    );
  });

  it('difference', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const cut = setOf(b);
        expectMembers(
          difference(a, b),
          [...setOf(a)].filter((one) => !cut.has(one)),
        );
      }),
    );
  });

  it('intersection', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const other = setOf(b);
        expectMembers(
          intersection(a, b),
          [...setOf(a)].filter((one) => other.has(one)),
        );
        expect(intersection(b, a)).toEqual(intersection(a, b));
      }),
    );
  });

  it('difference and intersection split a set in two that make it whole again', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const [kept, cut] = [difference(a, b), intersection(a, b)];
        expect(union(kept, cut)).toEqual(a);
        expect(countOf(kept) + countOf(cut)).toBe(countOf(a));
        expect(intersection(kept, cut)).toEqual(NO_SEQS);
      }),
    );
  });

  it('contains and countOf', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: -1, max: 80 }), (some, one) => {
        expect(contains(some, one)).toBe(setOf(some).has(one));
        expect(countOf(some)).toBe(setOf(some).size);
      }),
    );
  });

  it('no operation changes what it was given', () => {
    const freeze = (some: SeqRanges): SeqRanges =>
      Object.freeze(some.map(([lo, hi]) => Object.freeze([lo, hi] as const)));

    fc.assert(
      fc.property(ranges.map(freeze), ranges.map(freeze), (a, b) => {
        const before = JSON.stringify([a, b]);
        for (const operation of [union, difference, intersection]) operation(a, b);
        normalized(a);
        expect(JSON.stringify([a, b])).toBe(before);
      }),
    );
  });
});

it('the operations cost the number of ranges, however many members there are', () => {
  const [a, b]: SeqRanges[] = [[[1, Number.MAX_SAFE_INTEGER - 1]], [[5, 9]]];

  expect(difference(a ?? [], b ?? [])).toEqual([
    [1, 4],
    [10, Number.MAX_SAFE_INTEGER - 1],
  ]);
  expect(intersection(a ?? [], b ?? [])).toEqual([[5, 9]]);
});

it('ranges are written for people', () => {
  expect(
    formatRanges([
      [1, 5],
      [9, 9],
      [12, 20],
    ]),
  ).toBe('1-5, 9, 12-20');
  expect(formatRanges(NO_SEQS)).toBe('');
});
