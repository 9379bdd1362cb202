/**
 * Notices that a database has been deleted or replaced while it is open. The kernel keeps such a file for
 * whoever has it open: everything would go on to work, readings would be accepted and acknowledged, and
 * all of it would be gone with the process. So the program ends, and is started on what is there now.
 */

import { statSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { codeOf, GatewayError } from '../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../base/loop.ts';

export interface PlaceWatchOptions {
  /** Must be there, and open, already. */
  readonly file: string;
  /** Between two looks; 2 s if left out. */
  readonly everyMs?: number | undefined;
  /** Called before it says so. */
  readonly onGone?: () => void;
  readonly clock: Clock;
  readonly pulse: Pulse;
}

/** What is accepted meanwhile is lost with the rest; a look costs microseconds. */
const LOOK_MS = 2_000;

/** Longer than a card needs to answer for a directory. */
const TURN_MAX_MS = 5_000;

/** Its run rejects with `SGW_DATA_DIR_UNUSABLE`. */
export function createPlaceWatch(options: PlaceWatchOptions): Loop {
  const { file, everyMs = LOOK_MS, onGone, clock, pulse } = options;
  let opened = placeOf(file);
  return createLoop({
    name: 'place-watch',
    clock,
    pulse,
    turnMaxMs: TURN_MAX_MS,
    async turn() {
      const found = placeOf(file);
      const missing = found === 'nowhere';
      // Where the disk did not say at first which file it is, it is the one that is first seen.
      opened ??= found;
      if (found === undefined || (found === opened && !missing)) return clock.monotonicMs() + everyMs;
      const what = missing ? 'deleted or moved away' : 'replaced';
      onGone?.();
      throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `${file} was ${what} while it was open`, {
        hint: 'What it held went with it. Stop the program before you touch its files.',
      });
    },
  });
}

/** Which file stands under a name; `undefined` if the disk does not say, which is another trouble. */
function placeOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? 'nowhere' : undefined;
  }
}
