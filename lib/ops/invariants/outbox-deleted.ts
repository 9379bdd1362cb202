/** Somebody has deleted the outbox with readings in it: all went well since, and they are lost. */

import { type Invariant, ONLY_ONE } from './invariant.ts';
import type { MissedLook } from './look.ts';

/** Long enough to be heard of; what is lost does not come back. */
const SAID_MS = 86_400_000;

export const outboxDeleted: Invariant = {
  name: 'outbox_deleted',
  about: 'no outbox was found deleted within a day that readings may have waited in',
  severity: 'critical',
  hint: 'sensorctl gaps --since 2d; journalctl -u sensor-main -g "outbox.* (deleted|missing)"; who deletes files in the data directory?',
  // It happens once.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 2,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { account, at } }) {
    if (account === undefined) return 'unknown';
    const found = account.missed.filter((one) => one.rows !== 0 && Math.abs(at - one.at) < SAID_MS);
    const latest = found.at(-1);
    if (latest === undefined) return 'whole';
    return {
      title: `an outbox was deleted: ${lossOf(latest)}`,
      evidence: { missed: found },
    };
  },
};

function lossOf({ stream, firstSeq, rows }: MissedLook): string {
  if (rows === null)
    return `what stream ${stream} had not delivered, from reading ${firstSeq} on, is lost, and nobody can count it`;
  return `${rows} readings that waited in it are lost, and named in the ledger`;
}
