/**
 * Which sources have their quiet hours. They are asked once a round, so that a clock that was set is followed
 * within one interval; a source that begins or ends to be quiet is told of, so that its gap is a declared one.
 */

import type { Quiet } from '../../base/quiet-hours.ts';
import type { Observe } from '../flow-event.ts';
import type { SensorSource } from './sensor-source.ts';

export interface QuietSources {
  /** Asks them all, and tells what has changed since the round before. */
  look(): void;
  /** As it was at the last look; `undefined`: the source is to be read. */
  of(source: string): Quiet | undefined;
}

export function createQuietSources(
  sources: readonly Pick<SensorSource, 'name' | 'quiet'>[],
  observe: Observe,
): QuietSources {
  const quiet = new Map<string, Quiet>();

  return {
    look() {
      const ended: string[] = [];
      const began = new Map<string, { readonly names: string[]; readonly now: Quiet }>();
      for (const { name, quiet: hours } of sources) {
        const [before, now] = [quiet.get(name), hours?.now()];
        if (now !== undefined) quiet.set(name, now);
        else if (quiet.delete(name)) ended.push(name);
        if (now === undefined || before !== undefined) continue;
        // Most have the hours of all others: one word for all of them.
        const together = began.get(now.words) ?? { names: [], now };
        together.names.push(name);
        began.set(now.words, together);
      }
      if (ended.length > 0) observe({ type: 'quiet_hours.ended', of: 'sampling', names: ended });
      for (const { names, now } of began.values()) {
        const { untilAt, words } = now;
        observe({ type: 'quiet_hours.began', of: 'sampling', names, untilAt, words });
      }
    },
    of: (source) => quiet.get(source),
  };
}
