/**
 * A program that is started again and again does its work only in between. systemd counts; why is in what was noted
 * after each end, and in the journal.
 */

import { endsInWords, endsOf } from './ends.ts';
import type { Invariant } from './invariant.ts';
import { grownBy } from './past.ts';

const WINDOW_MS = 3_600_000;

export const restartsOften: Invariant = {
  name: 'restarts_often',
  about:
    'no unit was restarted by systemd `invariants.restarts` times or more within an hour: by the watchdog, a crash or a lack of memory',
  severity: 'warning',
  hint: 'journalctl -u UNIT -p warning -n 50',
  // A count over an hour is no hiccup.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: ({ units = {} }) => Object.keys(units),
  judge(one) {
    const { subject, look, limits } = one;
    if (look.units === undefined) return 'unknown';
    const unit = look.units[subject];
    if (unit === undefined || unit.LoadState === 'not-found') return 'gone';
    const restarts = grownBy(one, WINDOW_MS, ({ units }) => numberOf(units?.[subject]?.NRestarts));
    if (restarts === undefined) return 'unknown';
    if (restarts < limits.restarts) return 'whole';
    return {
      title: `${subject} was restarted ${restarts} times within an hour`,
      evidence: {
        restarts,
        n_restarts: unit.NRestarts,
        result: unit.Result,
        sub_state: unit.SubState,
        ends: endsInWords(endsOf(look, subject), look),
      },
      hint: `journalctl -u ${subject} -p warning -n 50`,
    };
  },
};

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
