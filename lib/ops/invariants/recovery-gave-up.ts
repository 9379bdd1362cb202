/** The recovery script has restarted a unit three times in an hour, and leaves it to a person now. */

import { type Invariant, ONLY_ONE } from './invariant.ts';

export const recoveryGaveUp: Invariant = {
  name: 'recovery_gave_up',
  about: 'the recovery script has given no unit up',
  severity: 'critical',
  hint: 'journalctl -t sensor-gateway-recover -n 20; sensorctl doctor --step systemd',
  // It has been patient itself.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { recovery } }) {
    if (recovery === undefined) return 'unknown';
    if (recovery.givenUp === undefined) return 'whole';
    const { unit, reason } = recovery.givenUp;
    return { title: `the recovery script has given ${unit} up: ${reason}`, evidence: { unit, reason } };
  },
};
