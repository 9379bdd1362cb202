/** systemd runs the programs that it is to run. One that was stopped by a person is told of, too: people forget. */

import type { UnitState } from '../doctor/units.ts';
import type { Invariant, Verdict } from './invariant.ts';
import { explainedBy } from './programs.ts';

export const unitFailed: Invariant = {
  name: 'unit_failed',
  about: 'each unit that starts at boot is running',
  severity: 'critical',
  hint: 'systemctl status UNIT; journalctl -u UNIT -n 50',
  // A restart takes 5 s, and an update of the product a minute.
  opens: { seen: 3, of: 4 },
  resolvesAfter: 4,
  parents: [],
  subjects: ({ units = {} }) => Object.keys(units),
  judge({ subject, look: { units } }) {
    if (units === undefined) return 'unknown';
    const unit = units[subject];
    return unit === undefined || unit.LoadState === 'not-found' ? 'gone' : judged(subject, unit);
  },
};

function judged(name: string, unit: UnitState): Verdict {
  const { ActiveState, SubState, Result, UnitFileState, ExecMainStatus } = unit;
  if (ActiveState === 'active') return 'whole';
  // Somebody does not want it to run on this machine.
  if (ActiveState === 'inactive' && UnitFileState !== 'enabled') return 'whole';
  const how = ActiveState === 'inactive' ? 'was stopped' : `is ${ActiveState} (${SubState}, ${Result})`;
  return {
    title: `${name} ${how}`,
    evidence: { ActiveState, SubState, Result, ExecMainStatus },
    ...(ActiveState === 'inactive'
      ? { severity: 'warning', hint: `sudo systemctl start ${name}` }
      : { hint: `systemctl status ${name}; journalctl -u ${name} -n 50` }),
    explains: explainedBy(name),
  };
}
