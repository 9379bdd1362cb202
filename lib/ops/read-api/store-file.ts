/**
 * The file of the store, as whoever reads it has it open: opened for a question, again whenever another file stands in
 * its place, and closed when nobody has asked for a while. A connection that stayed would keep the log alive that a
 * clean stop of the write API takes away, and the next start would read the whole file for it.
 */

import type { Clock } from '../../base/clock.ts';
import { placeOf } from '../../base/file-place.ts';
import { openStoreLooks, type SqliteLooks } from '../../flow/write-api/store/sqlite-looks.ts';

export interface StoreFile {
  /** For one question. Throws what `openStoreLooks` throws. */
  looks(): SqliteLooks;
  close(): void;
}

/** What a page asks comes within it, and opening anew takes a millisecond: as long as a question of a few rows. */
export const IDLE_MS = 1_000;

export function createStoreFile(file: string, clock: Clock, open = openStoreLooks): StoreFile {
  let opened: { readonly looks: SqliteLooks; readonly place: string } | undefined;
  let idle = new AbortController();

  function close(): void {
    idle.abort();
    opened?.looks.close();
    opened = undefined;
  }

  async function closeUnlessAsked({ signal }: AbortController): Promise<void> {
    await clock.sleep('store questions', IDLE_MS, signal);
    if (!signal.aborted) close();
  }

  return {
    looks() {
      const place = placeOf(file);
      if (opened !== undefined && opened.place !== place) close();
      opened ??= { looks: open(file), place };
      idle.abort();
      idle = new AbortController();
      void closeUnlessAsked(idle);
      return opened.looks;
    },
    close,
  };
}
