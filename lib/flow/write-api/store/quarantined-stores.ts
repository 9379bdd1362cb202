/**
 * Opens the store whatever has become of its file, and brings back what damaged files held. A file that is damaged,
 * empty or not ours is moved aside with its log, and a fresh one takes readings at once; a step of its salvage is a
 * part of the store's upkeep. A file that cannot be salvaged is tried again by the next starts, a bounded number of
 * times, and then left where it is: it never ends the program.
 */

import { basename, dirname, join } from 'node:path';
import { isCorruption, moveAside, noteDamage, openOrReplace } from '../../../base/damaged-file.ts';
import { isDiskCondition, isDiskFull, isFileTrouble } from '../../../base/disk-condition.ts';
import { messageOf } from '../../../base/errors.ts';
import { freeBytesAt } from '../../../base/free-bytes.ts';
import {
  noteSalvaged,
  noteSalvageFailed,
  SALVAGES_MAX,
  type ShelfBounds,
  tidyShelf,
  unsalvaged,
} from '../../../base/quarantine-shelf.ts';
import { StoreFault } from '../readings-store.ts';
import { asStoreFault } from './sqlite-fault.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import { type StoreSalvageCount, salvageStore } from './store-salvage.ts';

/** A store of a year may lie there once more for somebody who wants to look; a full card is worse than no second look. */
const SHELF: ShelfBounds = { bytesMax: 1_073_741_824, diskReserveBytes: 268_435_456 };

export interface SafeStoreOptions extends SqliteStoreOptions {
  /** What may lie in quarantine. */
  readonly shelf?: ShelfBounds;
  /** Damage met while running: it has been noted for the next start, and this run should end. */
  readonly onDamage: (error: unknown) => void;
  /** Called with the bytes to be read before a check that may take long. */
  readonly onCheck?: (bytes: number) => void;
}

/** Read through after an unclean stop. A larger one is opened as it is: a year of readings takes minutes to read. */
const CHECK_BYTES_MAX = 64 * 1_048_576;
const CHECKED_WHOLE = ['streams', 'series', 'corrections'];

/** Throws what `createSqliteStore` throws for a fresh file, and for one that cannot be reached. */
export function openStoreSafely(options: SafeStoreOptions): SqliteStore {
  const { file, onCheck } = options;
  const check = { file, onCheck, checkedWhole: CHECKED_WHOLE, checkBytesMax: CHECK_BYTES_MAX };
  const open = () => kept(createSqliteStore(options), options);
  return openOrReplace(check, open, (reason) => quarantine(options, reason));
}

function quarantine({ file, world }: SafeStoreOptions, reason: string): void {
  const dir = moveAside(file, { reason, at: world.clock.wallMs() });
  world.observe({ type: 'store.quarantined', dir, reason });
}

/** The store, but its upkeep salvages first, and damage that any call meets is noted for the next start. */
function kept(store: SqliteStore, { file, world, onDamage, shelf = SHELF }: SafeStoreOptions): SqliteStore {
  const { clock, observe } = world;
  /** They have failed in this run: what was wrong then is wrong now. */
  const failedHere = new Set<string>();
  let work: { readonly dir: string; readonly steps: Generator<void, StoreSalvageCount> } | undefined;

  function tidy(): void {
    for (const { dir, bytes } of tidyShelf(file, shelf, () => freeBytesAt(dirname(file))))
      observe({ type: 'store.quarantine_removed', dir, bytes });
  }

  /** What is to be salvaged next; a disk that does not say is asked again. */
  function waiting(): string | undefined {
    try {
      return unsalvaged(file).find((one) => !failedHere.has(one));
    } catch (error) {
      if (isFileTrouble(error)) return undefined;
      throw error;
    }
  }

  /** Whether there was something to do. */
  function salvageStep(): boolean {
    if (work === undefined) {
      const dir = waiting();
      if (dir === undefined) return false;
      work = { dir, steps: salvageStore(join(dir, basename(file)), store.salvage) };
    }
    const { dir, steps } = work;
    try {
      const { done, value } = steps.next();
      if (done !== true) return true;
      work = undefined;
      noteSalvaged(dir, { at: clock.wallMs(), ...value });
      observe({ type: 'store.salvaged', dir, ...value });
      tidy();
    } catch (error) {
      work = undefined;
      const message = messageOf(error);
      // It may be better later; damage of the present file is not the other one's.
      if (isDiskCondition(error) || isCorruption(error)) throw asStoreFault(error);
      if (isFileTrouble(error)) {
        const code = isDiskFull(error) ? 'store_full' : 'store_io';
        throw new StoreFault(code, `the salvage of ${dir}: ${message}`, error);
      }
      failedHere.add(dir);
      const attempts = noteSalvageFailed(dir, message);
      observe({ type: 'store.salvage_failed', dir, attempts, attemptsMax: SALVAGES_MAX, message });
    }
    return true;
  }

  async function watched<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (isCorruption(cause)) {
        noteDamage(file, cause);
        onDamage(cause);
      }
      throw error;
    }
  }

  return {
    ...store,
    ingest: (batches) => watched(() => store.ingest(batches)),
    stream: (stream, from) => watched(() => store.stream(stream, from)),
    maintain: () => watched(async () => salvageStep() || (await store.maintain())),
  };
}
