/**
 * Salvages what is in quarantine while the reader works, a bounded step at a time, and keeps the quarantine
 * within its bounds. A file that cannot be salvaged is tried again by the next starts, a bounded number of
 * times, and then left where it is and said so; it never ends the program, or that would end at every start.
 */

import { basename, dirname, join } from 'node:path';
import { isDiskCondition, isFileTrouble } from '../../base/disk-condition.ts';
import { messageOf } from '../../base/errors.ts';
import { freeBytesAt } from '../../base/free-bytes.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import {
  noteSalvaged,
  noteSalvageFailed,
  SALVAGES_MAX,
  type ShelfBounds,
  tidyShelf,
  unsalvaged,
} from '../../base/quarantine-shelf.ts';
import type { World } from '../flow-event.ts';
import type { Outbox } from './outbox.ts';
import { type SalvageCount, salvage } from './salvage.ts';

export interface SalvageLoopDeps {
  readonly file: string;
  readonly destinations: readonly string[];
  readonly outbox: Pick<Outbox, 'adopt' | 'restore'>;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly pulse: Pulse;
  readonly bounds: ShelfBounds;
  /** Between two looks at whether there is anything to do; five minutes if left out. */
  readonly everyMs?: number | undefined;
  /** Rows have come in: those who deliver may look. */
  readonly onSaved: () => void;
}

/** Leaves most of the time to the rounds; 256 MiB take some ten minutes so. */
const PAUSE_MS = 50;
/** The disk is full or does not take writes, or the file cannot be read: it may be better then. */
const AGAIN_MS = 60_000;
/** Nothing to salvage appears while we run, but a disk may fill up. */
const EVERY_MS = 300_000;
/** One step is milliseconds; a slow card may need much longer for its fsync. */
const STEP_MAX_MS = 30_000;

export function createSalvageLoop(deps: SalvageLoopDeps): Loop {
  const { file, destinations, outbox, world, pulse, bounds, everyMs = EVERY_MS, onSaved } = deps;
  const { clock, observe } = world;
  /** They have failed in this run: what was wrong then is wrong now. */
  const failedHere = new Set<string>();
  let dir: string | undefined;
  let work: Generator<void, SalvageCount> | undefined;

  function finish(from: string, count: SalvageCount): void {
    noteSalvaged(from, { at: clock.wallMs(), ...count });
    observe({ type: 'outbox.salvaged', dir: from, ...count });
    work = undefined;
    onSaved();
  }

  function giveUpForNow(from: string, message: string): void {
    failedHere.add(from);
    const attempts = noteSalvageFailed(from, message);
    observe({ type: 'outbox.salvage_failed', dir: from, attempts, attemptsMax: SALVAGES_MAX, message });
  }

  function tidy(): void {
    for (const one of tidyShelf(file, bounds, () => freeBytesAt(dirname(file)))) {
      observe({ type: 'outbox.quarantine_removed', dir: one.dir, bytes: one.bytes, state: one.state });
    }
  }

  /** Whether there is more to do. */
  function step(): boolean {
    if (work === undefined) {
      tidy();
      dir = unsalvaged(file).find((one) => !failedHere.has(one));
      if (dir === undefined) return false;
      work = salvage({ file: join(dir, basename(file)), destinations, outbox });
    }
    const { done, value } = work.next();
    if (done && dir !== undefined) finish(dir, value);
    return true;
  }

  function pauseAfterStep(): number {
    try {
      return step() ? PAUSE_MS : everyMs;
    } catch (error) {
      const failed = work === undefined ? undefined : dir;
      work = undefined;
      if (failed === undefined || isDiskCondition(error) || isFileTrouble(error)) return AGAIN_MS;
      giveUpForNow(failed, messageOf(error));
      return PAUSE_MS;
    }
  }

  return createLoop({
    name: 'salvage',
    clock,
    pulse,
    turnMaxMs: STEP_MAX_MS,
    turn: () => Promise.resolve(clock.monotonicMs() + pauseAfterStep()),
  });
}
