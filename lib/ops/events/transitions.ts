/** What the breakers have done since the last look, from the outbox, where they write it down. */

import type { Clock } from '../../base/clock.ts';
import { openDatabaseReadOnly, type SqliteDatabase } from '../../base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../flow/outbox/schema.ts';
import type { BreakerMoved } from './happening.ts';
import { lastWriteTo } from './last-write.ts';
import { CHANGES_PAGE } from './limits.ts';

export interface TransitionsLook {
  readonly began: boolean;
  readonly moved: readonly BreakerMoved[];
}

/**
 * Remembers what it has seen of one outbox, and opens the file for each look: a connection that stayed would keep the
 * log alive that a clean stop takes away. A look throws what `openDatabaseReadOnly` and SQLite throw, and the next one
 * goes on where the one before it was.
 */
export function followTransitions(file: string, clock: Pick<Clock, 'wallMs'>): () => TransitionsLook {
  let last: number | undefined;
  /** Whose transitions have all been told. */
  let told: string | undefined;

  function look(database: SqliteDatabase): TransitionsLook {
    const latest = database.prepare<[], number>('SELECT max(id) FROM breaker_transitions').pluck().get() ?? 0;
    // The latest are kept: an outbox that lacks them is another, or an earlier copy.
    if (last === undefined || latest < last) {
      last = latest;
      return { began: true, moved: [] };
    }
    const behind = database.prepare<[number, number], BreakerMoved & { id: number }>(
      `SELECT id, destination, from_state AS "from", to_state AS "to", at, reason, step
       FROM breaker_transitions WHERE id > ? ORDER BY id LIMIT ?`,
    );
    const rows = behind.all(last, CHANGES_PAGE);
    last = rows.at(-1)?.id ?? last;
    return { began: false, moved: rows.map(({ id: _, ...moved }) => moved) };
  }

  return () => {
    const written = lastWriteTo(file, clock.wallMs());
    if (written !== undefined && written === told) return { began: false, moved: [] };
    const database = openDatabaseReadOnly({
      file,
      applicationId: OUTBOX_APPLICATION_ID,
      migrations: OUTBOX_MIGRATIONS,
    });
    try {
      const found = look(database);
      told = found.moved.length < CHANGES_PAGE ? written : undefined;
      return found;
    } finally {
      database.close();
    }
  };
}
