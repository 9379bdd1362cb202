/**
 * Salvages what is in quarantine while the reader works, a bounded step at a time. A file that cannot be
 * salvaged is left where it is and said so; it never ends the program, or that would end at every start.
 */

import { basename, join } from 'node:path';
import { codeOf, messageOf } from '../../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { World } from '../flow-event.ts';
import type { Outbox } from './outbox.ts';
import { noteSalvaged, unsalvaged } from './quarantine.ts';
import { type SalvageCount, salvage } from './salvage.ts';

export interface SalvageLoopDeps {
  readonly file: string;
  readonly outbox: Pick<Outbox, 'adopt'>;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly pulse: Pulse;
  /** Rows have come in: those who deliver may look. */
  readonly onSaved: () => void;
}

/** Leaves most of the time to the rounds; 256 MiB take some ten minutes so. */
const PAUSE_MS = 50;
/** The disk is full or does not take writes: it may be better then. */
const AGAIN_MS = 60_000;
/** Nothing to salvage appears while we run. */
const IDLE_MS = 3_600_000;
/** One step is milliseconds; a slow card may need much longer for its fsync. */
const STEP_MAX_MS = 30_000;

const DISK_CONDITION = /^(?:SQLITE_(?:FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN)|ENOSPC|EIO|EROFS)/;

export function createSalvageLoop({ file, outbox, world, pulse, onSaved }: SalvageLoopDeps): Loop {
  const { clock, observe } = world;
  let dir: string | undefined;
  let work: Generator<void, SalvageCount> | undefined;

  function finish(from: string, count: SalvageCount, failure?: string): void {
    noteSalvaged(from, { at: clock.wallMs(), ...count, ...(failure === undefined ? {} : { failure }) });
    observe({
      type: 'outbox.salvaged',
      dir: from,
      ...count,
      ...(failure === undefined ? {} : { failure }),
    });
    work = undefined;
    onSaved();
  }

  /** Whether there is more to do. */
  function step(): boolean {
    if (work === undefined) {
      dir = unsalvaged(file)[0];
      if (dir === undefined) return false;
      work = salvage({ file: join(dir, basename(file)), adopt: outbox.adopt });
    }
    const { done, value } = work.next();
    if (done && dir !== undefined) finish(dir, value);
    return true;
  }

  function pauseAfterStep(): number {
    try {
      return step() ? PAUSE_MS : IDLE_MS;
    } catch (error) {
      work = undefined;
      if (dir !== undefined && !DISK_CONDITION.test(codeOf(error) ?? ''))
        finish(dir, { saved: 0, lost: 0 }, messageOf(error));
      return AGAIN_MS;
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
