/**
 * Opens the outbox whatever has become of its file. A file that is damaged, empty or not ours is moved aside
 * with its log, and a fresh one takes its place: the next round is kept at once, and what the old file still
 * holds is brought back later (`salvage-loop.ts`). A file that merely cannot be reached is not damage.
 *
 * An unclean stop shows by itself: SQLite removes the log at a clean close, so a log with anything in it was left
 * behind. Damage that is noticed while running is noted in a file beside it, and ends the program.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  castsDoubt,
  isCheckDue,
  isCorruption,
  moveAside,
  noteDamage,
  openOrReplace,
} from '../../base/damaged-file.ts';
import { damageOfLog } from '../../base/log-check.ts';
import { latestBase, noteBase, unsalvaged } from '../../base/quarantine-shelf.ts';
import { type AccountedOutbox, closeAccount, noteMissing, withAccount } from './account.ts';
import { carryStates } from './carried-states.ts';
import { type OpenOutboxOptions, openOutbox } from './open-outbox.ts';
import type { Outbox } from './outbox.ts';
import { SEQS_PER_FILE } from './tiers.ts';

export interface SafeOpenOptions extends OpenOutboxOptions {
  /** What a check of the file has found already, `ok` if nothing; left out: it is made here if it is due. */
  readonly checked?: string | undefined;
  /** Damage met while running: it has been noted for the next start, and this run should end. */
  readonly onDamage: (error: unknown) => void;
}

/** Small tables, each with an index that says the same again. */
export const CHECKED_WHOLE = ['streams', 'series', 'boots', 'gone', 'silences'];

/** How much a check reads that is due before the file may be opened; 0 if none is. */
export function bytesToCheck(file: string): number {
  const isDue = existsSync(file) && isCheckDue(file);
  return isDue && statSync(file).isFile() && damageOfLog(file) === undefined ? statSync(file).size : 0;
}

/** Throws what `openOutbox` throws for a fresh file, and `SGW_DATA_DIR_UNUSABLE` for one that cannot be reached. */
export function openOutboxSafely(options: SafeOpenOptions): AccountedOutbox {
  let isSetAside = false;
  return openOrReplace(
    { ...options, checkedWhole: CHECKED_WHOLE },
    () => {
      // One that is set aside is not missed.
      if (!isSetAside) noteMissing(options.file);
      return withAccount(guarded(open(options), options), options);
    },
    (reason) => {
      isSetAside = true;
      quarantine(options, reason);
    },
  );
}

function open(options: SafeOpenOptions): Outbox {
  const { file, destinations } = options;
  const firstSeq = latestBase(file);
  const outbox = openOutbox({ ...options, ...(firstSeq === undefined ? {} : { firstSeq }) });
  // The latest first: what it says, the others do not say again.
  for (const dir of unsalvaged(file).reverse()) {
    try {
      carryStates(join(dir, basename(file)), outbox, destinations);
    } catch {
      // Nothing that was accepted is in these tables: a start must not fail for them.
    }
  }
  return outbox;
}

/** Moves the file and what belongs to it aside, and notes where the seqs of its successor begin. */
function quarantine({ file, world }: SafeOpenOptions, reason: string): void {
  closeAccount(file);
  const base = (latestBase(file) ?? 1) + SEQS_PER_FILE;
  // The note comes first: a crash after the first rename must not lose where the seqs begin.
  noteBase(file, base);
  const dir = moveAside(file, { reason, at: world.clock.wallMs(), firstSeq: base });
  world.observe({ type: 'outbox.quarantined', dir, reason });
}

/** The outbox, but damage that any of its calls meets is noted for the next start. */
function guarded(outbox: Outbox, { file, onDamage }: SafeOpenOptions): Outbox {
  const note = (error: unknown) => {
    // What is no damage for certain ends the program as the bug that it may be: only a check of the file can tell.
    if (castsDoubt(error)) noteDamage(file, error);
    if (isCorruption(error)) onDamage(error);
  };
  return guardedCalls(outbox, (name, error) => {
    note(error);
    // It is closed all the same, and what it could not write is salvaged.
    if (name !== 'close' || !isCorruption(error)) throw error;
  });
}

/** The same calls, also of the parts that it has; what one throws is handed to `onError`, which may throw it again. */
function guardedCalls<T extends object>(of: T, onError: (name: string | symbol, error: unknown) => void): T {
  return new Proxy(of, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === 'object' && member !== null) return guardedCalls(member, onError);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        try {
          return member.apply(target, args);
        } catch (error) {
          onError(name, error);
          return undefined;
        }
      };
    },
  });
}
