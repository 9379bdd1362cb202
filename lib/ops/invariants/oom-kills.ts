/** When the kernel kills for memory, it may have been one of ours, and the next time it is. */

import { endsOf } from './ends.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';
import { grownBy } from './past.ts';

const WINDOW_MS = 3_600_000;

export const oomKills: Invariant = {
  name: 'oom_kills',
  about: 'the kernel has killed nothing for lack of memory within an hour',
  severity: 'warning',
  hint: 'journalctl -k -g "out of memory|oom-kill" -n 20; ps -eo rss,comm --sort=-rss | head',
  // One is one too many.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: () => ONLY_ONE,
  judge(one) {
    const { machine, ends = {} } = one.look;
    const counted = grownBy(one, WINDOW_MS, ({ machine: seen }) => seen?.oomKills);
    const ours = Object.keys(ends).filter((unit) => endsOf(one.look, unit, 'oom-kill').length > 0);
    if (counted === undefined && ours.length === 0) return 'unknown';
    // The kernel counts all of them, but one of ours was perhaps before the first look.
    const kills = Math.max(counted ?? 0, ours.length);
    if (kills === 0) return 'whole';
    const whom = ours.length === 0 ? '' : `, ${ours.join(' and ')} among them`;
    return {
      title: `the kernel has killed ${kills === 1 ? (ours[0] ?? 'a process') : `${kills} processes${whom}`} for lack of memory`,
      evidence: { kills, ours, available_bytes: machine?.availableBytes, memory_bytes: machine?.memoryBytes },
    };
  },
};
