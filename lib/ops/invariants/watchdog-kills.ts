/**
 * A program that gives no sign of life is killed and started again, and then all looks well: one is one too many, for
 * each is a bug or a device that hangs. systemd forgets it with the restart; `deploy/note-end.sh` does not.
 */

import { endsInWords, endsOf } from './ends.ts';
import type { Invariant } from './invariant.ts';

export const watchdogKills: Invariant = {
  name: 'watchdog_kills',
  about: 'the watchdog of systemd has killed no program within an hour',
  severity: 'warning',
  hint: 'journalctl -u PROGRAM -g "withheld|Watchdog" -n 20; what it names hangs: dmesg | tail',
  // It has happened, and is written down.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: ({ ends = {} }) => Object.keys(ends),
  judge({ subject, look }) {
    if (look.ends === undefined) return 'unknown';
    if (look.ends[subject] === undefined) return 'gone';
    const kills = endsOf(look, subject, 'watchdog');
    if (kills.length === 0) return 'whole';
    const often = kills.length === 1 ? '' : `${kills.length} times `;
    return {
      title: `the watchdog has killed ${subject} ${often}within an hour: it gave no sign of life`,
      evidence: { kills: kills.length, ends: endsInWords(kills, look) },
      hint: `journalctl -u ${subject} -g "withheld|Watchdog" -n 20; what it names hangs: dmesg | tail`,
    };
  },
};
