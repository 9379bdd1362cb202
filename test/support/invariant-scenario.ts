/**
 * What every invariant must show, told in four moves of a rig: it is made true, and one ticket opens within its time
 * and not before; it goes on, and stays one ticket; it heals, and that ticket resolves; and what is like it, but is not
 * it, opens none.
 */

import { describe, expect, it } from 'vitest';
import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { Severity } from '../../lib/ops/tickets/ticket.ts';
import { createWatchRig, type WatchRig, type WatchRigOptions } from './watch-rig.ts';

export interface Scenario {
  readonly of: string;
  /** In a sentence that goes on from "when". */
  readonly when: string;
  readonly subject?: string;
  readonly severity?: Severity;
  /** Looks that its own patience takes before it is broken at all. */
  readonly patience?: number;
  readonly breaks: (rig: WatchRig) => void | Promise<void>;
  readonly heals: (rig: WatchRig) => void | Promise<void>;
  /** It is looked at only once in so many looks. */
  readonly rare?: number;
  /** Looks that go by before it is seen well, after it has healed. */
  readonly heedless?: number;
  /** What is like it, and is well: a sentence, and how. */
  readonly twin: readonly [what: string, act: (rig: WatchRig) => void | Promise<void>];
  readonly rig?: WatchRigOptions;
}

/** Time enough for anything to show that is going to. */
const LONG = 12;
/** And for what is looked at seldom: so many answers. */
const LONG_RARE = 2;

export function describeInvariant(scenario: Scenario): void {
  const { of, when, subject = '', patience = 0, heedless = 0, rare = 1 } = scenario;
  const invariant = INVARIANTS.find(({ name }) => name === of) ?? expect.fail(`${of} is no invariant`);
  const key = subject === '' ? of : `${of}:${subject}`;
  const { opens, resolvesAfter } = invariant;

  const long = rare === 1 ? LONG : LONG_RARE * rare;

  describe(of, () => {
    it(`opens one ticket in time when ${when}, and resolves it once that is over`, async () => {
      const rig = createWatchRig(scenario.rig);
      await rig.looks(3);
      expect(rig.tickets(), 'while all is well').toEqual([]);

      await scenario.breaks(rig);
      await rig.looks(patience + (opens.seen - 1) * rare);
      if (rare === 1) expect(rig.open(), 'before its time').toEqual([]);
      // A condition of so many minutes may begin between two looks.
      await rig.looks((patience === 0 ? 1 : 2) * rare);
      expect(rig.open(), 'in its time').toEqual([key]);
      await rig.looks(long);
      expect(
        rig.tickets().map((one) => one.key),
        'as long as it lasts',
      ).toEqual([key]);

      await scenario.heals(rig);
      await rig.looks(heedless + resolvesAfter * rare);
      const [ticket, ...others] = rig.tickets();
      expect(others).toEqual([]);
      expect(ticket).toMatchObject({
        key,
        state: 'resolved',
        severity: scenario.severity ?? invariant.severity,
      });
      expect(ticket?.occurrences).toBeGreaterThan(long / rare);
    });

    it(`opens none when ${scenario.twin[0]}`, async () => {
      const rig = createWatchRig(scenario.rig);
      await rig.looks(3);

      await scenario.twin[1](rig);
      await rig.looks(Math.max(long, patience * 2));

      expect(rig.tickets()).toEqual([]);
    });
  });
}
