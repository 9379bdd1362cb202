/** The settings of tickets, and what must hold between them. */

import type { ReportProblem } from '../../lib/base/config.ts';
import { section, type ValueOf } from '../../lib/base/setting.ts';
import { duration, integer } from '../../lib/base/setting-kinds.ts';

export const TICKETS = section('Tickets: what is wrong, told once, from when it began until it is over.', {
  keepMs: duration({
    initial: '365d',
    min: '1d',
    max: '3650d',
    about: 'How long a resolved ticket stays. The latest 100 stay in any case, and never more than 1,000.',
  }),
  flapping: section('When a thing that comes and goes is one ticket instead of many.', {
    openings: integer({
      initial: 3,
      min: 2,
      max: 100,
      about: 'So many openings within the time below make it flap.',
    }),
    withinMs: duration({
      initial: '5m',
      min: '1m',
      max: '1d',
      about: 'The time within which they are counted, also across restarts.',
    }),
    quietMs: duration({
      initial: '10m',
      min: '1m',
      max: '7d',
      about:
        'How long it must not have been found before its ticket is resolved. Not less than the time above.',
    }),
  }),
});

/** With less quiet than that it would flap again at once, and the ticket would come and go instead of it. */
export function checkTickets({ flapping }: ValueOf<typeof TICKETS>, report: ReportProblem): void {
  const { quietMs, withinMs } = flapping;
  if (quietMs >= withinMs) return;
  report(
    [
      ['tickets', 'flapping', 'quiet'],
      ['tickets', 'flapping', 'within'],
    ],
    `tickets.flapping.quiet (${quietMs / 1_000} s) is less than tickets.flapping.within (${withinMs / 1_000} s).`,
  );
}
