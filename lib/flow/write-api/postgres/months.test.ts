import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_MAX } from '../../reading.ts';
import { OUTER_STRETCHES, stretchesAhead, stretchNamed, stretchOf } from './months.ts';

const anyTime = fc.integer({ min: 0, max: AT_MAX });

describe('the stretches of time', () => {
  it('hold every time that a reading may have, each exactly one', () => {
    fc.assert(
      fc.property(anyTime, (at) => {
        const { fromAt, untilAt } = stretchOf(at);

        expect(fromAt <= at && at < untilAt).toBe(true);
        expect(stretchOf(fromAt)).toEqual(stretchOf(untilAt - 1));
        if (untilAt <= AT_MAX) expect(stretchOf(untilAt).fromAt).toBe(untilAt);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are known by their names again, and nothing else is', () => {
    fc.assert(
      fc.property(anyTime, (at) => {
        expect(stretchNamed(stretchOf(at).name)).toEqual(stretchOf(at));
      }),
    );
    for (const name of ['2026_13', '2026_00', '1999_05', '2026_1', 'default', '']) {
      expect(stretchNamed(name)).toBeUndefined();
    }
  });

  it('are so few that a table can have a partition for each', () => {
    const [before, after] = OUTER_STRETCHES;
    let count = 0;
    for (let at = before?.untilAt ?? 0; at < (after?.fromAt ?? 0); at = stretchOf(at).untilAt) count += 1;

    expect(count).toBeLessThan(1_000);
  });

  it('ahead are the month of now and the one after it, also over the end of a year', () => {
    const names = (at: number) => stretchesAhead(at).map(({ name }) => name);

    expect(names(Date.UTC(2026, 11, 31, 23, 59))).toEqual(['2026_12', '2027_01']);
    // A clock from before there was this software says nothing.
    expect(names(0)).toEqual(['2026_01', '2026_02']);
  });
});
