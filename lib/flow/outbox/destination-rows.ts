/**
 * The rows of `destinations`: every one that was ever configured, how far each has been told the ledger, and from
 * where on it was owed anything. Each row carries a checksum; one that is not as it was written is forgotten at an
 * open, and its destination is told the whole ledger once more, which does no harm.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';

const CRC = 'crc_of(name, configured, gone_told, since_seq)';

/** Forgets damaged rows, and says whether there were any. */
export function mendDestinations(database: SqliteDatabase, { observe }: Pick<World, 'observe'>): boolean {
  const rows = database.prepare(`DELETE FROM destinations WHERE crc IS NOT ${CRC}`).run().changes;
  if (rows > 0) observe({ type: 'outbox.mended', table: 'destinations', rows });
  return rows > 0;
}

export interface Known {
  /** The seq of the first row in the file. */
  readonly firstSeq: number;
  /** Rows were forgotten: a name without one may be theirs. */
  readonly mended: boolean;
}

/**
 * Every destination ever configured stays listed: its acknowledgements hold again when it returns. One that
 * is new is owed nothing that left before it came, so it is not told of that either.
 */
export function noteDestinations(
  database: SqliteDatabase,
  names: readonly string[],
  { firstSeq, mended }: Known,
): void {
  const told = mended
    ? '0'
    : 'coalesce((SELECT min(id) - 1 FROM gone WHERE hi >= @firstSeq), (SELECT max(id) FROM gone), 0)';
  const forget = `configured = 0 WHERE configured AND name NOT IN (${names.map(() => '?').join(', ')})`;
  database.prepare<string[]>(`UPDATE destinations SET ${forget}`).run(...names);
  const note = database.prepare<{ name: string; firstSeq: number }>(
    `INSERT INTO destinations (name, configured, gone_told, since_seq, crc) VALUES (@name, 1, ${told}, @firstSeq, 0)
     ON CONFLICT DO UPDATE SET configured = 1, since_seq = excluded.since_seq WHERE NOT configured`,
  );
  for (const name of names) note.run({ name, firstSeq });
  // All of them were as they were written a moment ago, in this transaction or in the open that it belongs to.
  database.exec(`UPDATE destinations SET crc = ${CRC} WHERE crc IS NOT ${CRC}`);
}

/** Writes how far a destination has been told. Inside a transaction. */
export function prepareWriteTold(database: SqliteDatabase): (name: string, upTo: number) => void {
  // A row that has changed meanwhile keeps the checksum that gives it away.
  const write = database.prepare<{ name: string; upTo: number }>(
    `UPDATE destinations SET gone_told = @upTo, crc = crc_of(name, configured, @upTo, since_seq)
     WHERE name = @name AND crc = ${CRC}`,
  );
  return (name, upTo) => {
    write.run({ name, upTo });
  };
}

/** An id that is given once more must not look as if it had been told. Inside a transaction. */
export function forgetToldAbove(database: SqliteDatabase, id: number): void {
  database
    .prepare<{ id: number }>(
      `UPDATE destinations SET gone_told = @id, crc = crc_of(name, configured, @id, since_seq)
       WHERE gone_told > @id AND crc = ${CRC}`,
    )
    .run({ id });
}
