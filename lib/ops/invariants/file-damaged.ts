/** A database that was damaged and put aside: what it held is being brought back, and the card may be failing. */

import type { Invariant } from './invariant.ts';
import type { DamagedLook } from './look.ts';

/** Long enough to be heard of; what was brought back needs nobody afterwards. */
const SAID_MS = 86_400_000;

/** Outbox, store, and the monitor's own tickets. */
const FILES = ['outbox.db', 'store.db', 'tickets.db'] as const;

export const fileDamaged: Invariant = {
  name: 'file_damaged',
  about:
    'no database was found damaged within a day, and none that was waits in quarantine or could not be salvaged',
  severity: 'warning',
  hint: 'sensorctl status; sensorctl gaps; is the card failing? dmesg | tail; sensorctl doctor --step disk',
  // A file is put aside once.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => FILES,
  judge({ subject, look: { shelf, at } }) {
    if (shelf === undefined) return 'unknown';
    const told = (one: DamagedLook) => one.state !== 'salvaged' || Math.abs(at - one.at) < SAID_MS;
    const found = shelf.filter((one) => one.file === subject && told(one));
    const latest = found.at(-1);
    if (latest === undefined) return 'whole';
    const givenUp = found.some(({ state }) => state === 'given_up');
    return {
      title: `${subject} was damaged (${latest.reason}) and put aside${givenUp ? '; it cannot be salvaged' : ''}`,
      evidence: { quarantined: found.slice(-5) },
      ...(givenUp ? { severity: 'critical' } : {}),
    };
  },
};
