/** The settings of quiet hours: those for all, and the list that one source or one destination may have of its own. */

import { section } from '../../lib/base/setting.ts';
import { several, text } from '../../lib/base/setting-kinds.ts';
import { WINDOW, ZONE } from './time-rules.ts';

/** Two for each day of the week. */
const WINDOWS_MAX = 14;

interface Windows {
  readonly about: string;
  readonly initialNote: string;
  readonly example: readonly string[];
}

export function windows(options: Windows) {
  return several({ of: text({ ...WINDOW, about: '' }), countMax: WINDOWS_MAX, ...options });
}

/** `usual`: the list that holds without it. */
export function ownQuietHours(usual: string, example: readonly string[]) {
  const about = `As ${usual}, for this one; [never] for none of its own.`;
  return windows({ about, initialNote: `\`${usual}\``, example });
}

export const QUIET_HOURS = section(
  'Hours in which nothing is read, or nothing delivered, because you want so: a gap that is declared, and no fault. They hold while the clock is trusted.',
  {
    zone: text({
      ...ZONE,
      about: 'Whose clocks count, however they are set in spring and autumn.',
      initialNote: "this machine's, as it was when the reader started",
      example: 'Europe/Berlin',
    }),
    sampling: windows({
      about: 'When no source is read. What goes on past midnight belongs to the day on which it begins.',
      initialNote: 'none',
      example: ['23:00-06:00'],
    }),
    delivery: windows({
      about: 'When no destination is sent anything. Readings wait in the outbox.',
      initialNote: 'none',
      example: ['mon-fri 08:00-17:00', 'sat 10:00-14:00'],
    }),
  },
);
