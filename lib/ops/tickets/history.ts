/** The history of tickets: a line for each change, written with it, and bounded for each ticket. */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { CHANGES_MAX } from './bounds.ts';
import type { PastChange } from './flapping.ts';
import type { Stamp } from './stamp.ts';
import type { TicketChangeKind } from './ticket.ts';

export interface HistoryLine extends Stamp {
  readonly ticket: number;
  readonly key: string;
  readonly change: TicketChangeKind;
  readonly by: string | undefined;
  readonly note: string | undefined;
}

export interface History {
  /** Inside a transaction. */
  note(line: HistoryLine): void;
  /** Openings and resolutions of a key, the latest first, at most so many. */
  past(key: string, lines: number): PastChange[];
}

export function prepareHistory(database: SqliteDatabase): History {
  const insert = database.prepare<
    Omit<HistoryLine, 'by' | 'note'> & { by: string | null; note: string | null }
  >(`
    INSERT INTO changes (ticket, key, change, at, boot_id, mono_ms, by_whom, note)
    VALUES (@ticket, @key, @change, @at, @bootId, @monoMs, @by, @note)`);
  const trim = database.prepare<[number, number, number]>(`
    DELETE FROM changes WHERE ticket = ?
    AND id <= (SELECT id FROM changes WHERE ticket = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`);
  const past = database.prepare<[string, number], PastChange>(`
    SELECT change, by_whom AS "by", at, boot_id AS bootId, mono_ms AS monoMs FROM changes
    WHERE key = ? AND change IN ('opened', 'flapping', 'resolved') ORDER BY id DESC LIMIT ?`);
  return {
    note(line) {
      insert.run({ ...line, by: line.by ?? null, note: line.note ?? null });
      trim.run(line.ticket, line.ticket, CHANGES_MAX);
    },
    past: (key, lines) => past.all(key, lines),
  };
}
