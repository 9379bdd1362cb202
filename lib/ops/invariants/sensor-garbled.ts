/**
 * Bits that flip on the wire are found by a checksum, read once more, and cost nothing: as long as it happens now and
 * then. Where it happens often the wire is bad, and a chip whose answers have no checksum beside it gives wrong values.
 */

import type { Invariant } from './invariant.ts';
import type { Look } from './look.ts';
import { grownBy } from './past.ts';
import { sourceIn, sourcesOf } from './sources.ts';

const WINDOW_MS = 3_600_000;
/** Of the reads of an hour; a sound wire of a metre has one in a million. */
const SHARE_MAX = 0.05;
/** Fewer are a motor that started; a source that is read so seldom is silent before. */
const GARBLED_MIN = 10;
/** A checksum that does not hold, and an exchange that the adapter itself calls garbled. */
const CLASSES = ['checksum', 'garbled'] as const;

export const sensorGarbled: Invariant = {
  name: 'sensor_garbled',
  about: `no source has had ${GARBLED_MIN} garbled answers within an hour, and in ${SHARE_MAX * 100} % of its reads`,
  severity: 'warning',
  hint: 'Shorter wires, away from motors and mains; pull-up resistors; a slower bus (dtparam=i2c_arm_baudrate=50000); sensorctl sensors list',
  // A count over an hour is no hiccup.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: ['sensor_silent', 'bus_stuck', 'program_silent', 'unit_failed'],
  subjects: sourcesOf,
  judge(one) {
    const seen = sourceIn(one.look, one.subject);
    if (typeof seen === 'string') return seen;
    const { configured, source } = seen;
    const grown = grownBy(one, WINDOW_MS, (look) => garbledIn(look, one.subject));
    if (grown === undefined) return 'unknown';
    const sinceMono = one.past.within(WINDOW_MS)[0]?.atMono ?? one.look.atMono;
    const reads = (one.look.atMono - sinceMono) / configured.intervalMs;
    if (grown < GARBLED_MIN || grown < reads * SHARE_MAX) return 'whole';
    const { bus, address } = configured;
    const place =
      bus === undefined || address === undefined ? '' : ` (bus ${bus}, 0x${address.toString(16)})`;
    return {
      title: `${grown} answers of ${one.subject}${place} were garbled within an hour`,
      evidence: { garbled: grown, reads: Math.round(reads), bus, address, faults: source.faults },
    };
  },
};

function garbledIn(look: Look, subject: string): number | undefined {
  const seen = sourceIn(look, subject);
  if (typeof seen === 'string') return undefined;
  return CLASSES.reduce((sum, name) => sum + (seen.source.faults[name] ?? 0), 0);
}
