/**
 * The rows of `destinations`: every one that was ever configured, how far each has been told the ledger, and from
 * where on it was owed anything. Each row carries a checksum; one that is not as it was written is forgotten at an
 * open, and its destination is told the whole ledger once more, which does no harm.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import type { SeqRange, SeqRanges } from '../seq-ranges.ts';
import type { Extent } from './extents.ts';
import { MINUTE, RAW, TEN_MINUTES, type Tier } from './tiers.ts';

const SINCE = 'since_seq, since_minute, since_ten_minutes';
const crcAfter = (goneTold: string) => `crc_of(name, configured, ${goneTold}, ${SINCE})`;
const CRC = crcAfter('gone_told');

/** Forgets damaged rows, and says whether there were any. */
export function mendDestinations(database: SqliteDatabase, { observe }: Pick<World, 'observe'>): boolean {
  const rows = database.prepare(`DELETE FROM destinations WHERE crc IS NOT ${CRC}`).run().changes;
  if (rows > 0) observe({ type: 'outbox.mended', table: 'destinations', rows });
  return rows > 0;
}

export interface Known {
  /** What the file holds. */
  readonly extents: readonly Extent[];
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
  { extents, mended }: Known,
): void {
  const firstOf = (tier: Tier) => extents.find((one) => one.tier === tier)?.firstSeq ?? tier.space[0];
  const since = { raw: firstOf(RAW), minute: firstOf(MINUTE), tenMinutes: firstOf(TEN_MINUTES) };
  const told = mended
    ? '0'
    : 'coalesce((SELECT min(id) - 1 FROM gone WHERE hi >= @raw), (SELECT max(id) FROM gone), 0)';
  const forget = `configured = 0 WHERE configured AND name NOT IN (${names.map(() => '?').join(', ')})`;
  database.prepare<string[]>(`UPDATE destinations SET ${forget}`).run(...names);
  const note = database.prepare<{ name: string } & typeof since>(
    `INSERT INTO destinations (name, configured, gone_told, ${SINCE}, crc)
     VALUES (@name, 1, ${told}, @raw, @minute, @tenMinutes, 0)
     ON CONFLICT DO UPDATE SET configured = 1, since_seq = excluded.since_seq,
       since_minute = excluded.since_minute, since_ten_minutes = excluded.since_ten_minutes
     WHERE NOT configured`,
  );
  for (const name of names) note.run({ name, ...since });
  // All of them were as they were written a moment ago, in this transaction or in the open that it belongs to.
  database.exec(`UPDATE destinations SET crc = ${CRC} WHERE crc IS NOT ${CRC}`);
}

/**
 * What each of the configured destinations was ever owed, by its name: rows that had left before it was configured
 * it never had, and they are no difference.
 */
export function readOwed(database: SqliteDatabase): ReadonlyMap<string, SeqRanges> {
  const rows = database
    .prepare<[], [name: string, ...since: number[]]>(
      `SELECT name, ${SINCE} FROM destinations WHERE configured ORDER BY name`,
    )
    .raw()
    .all();
  return new Map(
    rows.map(([name, ...since]) => [
      name,
      [RAW, MINUTE, TEN_MINUTES].map(({ space }, i): SeqRange => [since[i] ?? space[0], space[1]]),
    ]),
  );
}

/** Writes how far a destination has been told. Inside a transaction. */
export function prepareWriteTold(database: SqliteDatabase): (name: string, upTo: number) => void {
  // A row that has changed meanwhile keeps the checksum that gives it away.
  const write = database.prepare<{ name: string; upTo: number }>(
    `UPDATE destinations SET gone_told = @upTo, crc = ${crcAfter('@upTo')}
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
      `UPDATE destinations SET gone_told = @id, crc = ${crcAfter('@id')}
       WHERE gone_told > @id AND crc = ${CRC}`,
    )
    .run({ id });
}
