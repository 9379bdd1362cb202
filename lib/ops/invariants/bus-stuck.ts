/** On a bus that hangs nothing can be asked: one ticket, and not one for each of its sensors. */

import { spanInWords } from '../clock-lines.ts';
import type { Invariant } from './invariant.ts';

export const busStuck: Invariant = {
  name: 'bus_stuck',
  about: 'no exchange hangs on an I2C bus',
  severity: 'critical',
  hint: 'Power the sensors of the bus off and on, or unplug them one by one; sensorctl sensors list',
  // A bus that comes back by itself does so within seconds.
  opens: { seen: 2, of: 3 },
  resolvesAfter: 4,
  parents: ['program_silent', 'unit_failed'],
  subjects: ({ reader }) => reader?.buses.map(({ bus }) => String(bus)) ?? [],
  judge({ subject, look }) {
    const { reader, watched, at } = look;
    const sources = watched.sources.filter(({ bus }) => String(bus) === subject).map(({ name }) => name);
    if (sources.length === 0) return 'gone';
    if (reader === undefined) return 'unknown';
    const bus = reader.buses.find((one) => String(one.bus) === subject);
    if (bus === undefined || !bus.stuck) return 'whole';
    const forMs = bus.stuckSinceAt === undefined ? undefined : Math.max(0, at - bus.stuckSinceAt);
    return {
      title: `I2C bus ${subject} has been stuck${forMs === undefined ? '' : ` for ${spanInWords(forMs)}`}`,
      evidence: { stuck_for_ms: forMs, sources },
      explains: [subject, ...sources],
    };
  },
};
