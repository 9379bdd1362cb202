/** What the breakers have done since the last look, from the outbox, where they write it down. */

import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../flow/outbox/schema.ts';
import type { BreakerMoved } from './happening.ts';
import { CHANGES_PAGE } from './limits.ts';

export interface TransitionsLook {
  readonly began: boolean;
  readonly moved: readonly BreakerMoved[];
}

export interface Transitions {
  look(): TransitionsLook;
  close(): void;
}

/** Throws what `openDatabaseReadOnly` throws; a look throws what SQLite throws. */
export function openTransitions(file: string): Transitions {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const latest = database.prepare<[], number>('SELECT coalesce(max(id), 0) FROM breaker_transitions').pluck();
  const behind = database.prepare<[number, number], BreakerMoved & { id: number }>(
    `SELECT id, destination, from_state AS "from", to_state AS "to", at, reason, step
     FROM breaker_transitions WHERE id > ? ORDER BY id LIMIT ?`,
  );
  let last: number | undefined;

  return {
    look() {
      if (last === undefined) {
        last = latest.get() ?? 0;
        return { began: true, moved: [] };
      }
      const rows = behind.all(last, CHANGES_PAGE);
      last = rows.at(-1)?.id ?? last;
      return { began: false, moved: rows.map(({ id: _, ...moved }) => moved) };
    },
    close: () => database.close(),
  };
}
