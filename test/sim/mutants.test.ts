/** A planted mistake must go on fitting the text that it changes, or the simulation would be praised for finding nothing. */

import { describe, expect, it } from 'vitest';
import { MUTANTS, type Mutant } from './mutants.ts';
import { fitsIn } from './mutation.js';

describe('a planted mistake', () => {
  it.for(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'fits in its place, and nowhere else: %s',
    ([, mutant]) => {
      expect(fitsIn(mutant)).toBe(1);
      expect(mutant.replace).not.toBe(mutant.find);
    },
  );

  it('that has no place any more is found out', () => {
    const [mutant] = MUTANTS;
    const stale: Mutant = { ...(mutant as Mutant), find: 'a line that nobody has written' };

    expect(fitsIn(stale)).toBe(0);
  });
});
