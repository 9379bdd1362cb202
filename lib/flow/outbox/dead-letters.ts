/** Readings that a destination will never take, with its reason; for a person to look at. */

import { and, count, desc, eq, type SQL } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { REFUSAL_CODE_LENGTH_MAX, REFUSAL_MESSAGE_LENGTH_MAX } from '../reading.ts';
import type { DeadLetter, Refused } from './outbox.ts';
import { deadLetters } from './schema.ts';
import { thinnedPart } from './thinned-text.ts';

/** Copies one row to the dead letters, complete in itself. Inside a transaction. */
export function prepareBury(
  database: SqliteDatabase,
): (destination: string, refused: Refused, buriedAt: number) => void {
  const insert = database.prepare<[string, string, string, number, number]>(`
    INSERT INTO dead_letters (destination, seq, stream, sensor, metric, unit, at, value, mono_ms, flags, boot_id,
      code, message, buried_at, thinned, crc)
    SELECT ?, seq, streams.id, sensor, metric, unit, at, value, mono_ms, flags, boot_id, ?, ?, ?, thinned, 0
    FROM readings
      JOIN series ON series.id = readings.series
      JOIN boots ON boots.id = readings.boot
      JOIN streams ON seq >= streams.first_seq AND seq < streams.next_seq
    WHERE seq = ?`);
  const seal = prepareSealLetter(database);
  return (destination, { seq, code, message }, buriedAt) => {
    insert.run(
      destination,
      code.slice(0, REFUSAL_CODE_LENGTH_MAX),
      message.slice(0, REFUSAL_MESSAGE_LENGTH_MAX),
      buriedAt,
      seq,
    );
    seal(destination, seq);
  };
}

/** Over every cell of a dead letter, in the order of its columns. */
const CRC_OF_LETTER = `crc_of(destination, seq, stream, sensor, metric, unit, at, value, mono_ms, flags, boot_id,
  code, message, buried_at, thinned)`;

/** Whether a dead letter is as it was written. */
export const LETTER_HOLDS = `crc = ${CRC_OF_LETTER}`;

/** Gives a dead letter that has just been written its checksum. Inside a transaction. */
export function prepareSealLetter(database: SqliteDatabase): (destination: string, seq: number) => void {
  const update = database.prepare<[string, number]>(
    `UPDATE dead_letters SET crc = ${CRC_OF_LETTER} WHERE destination = ? AND seq = ?`,
  );
  return (destination, seq) => {
    update.run(destination, seq);
  };
}

/** Which dead letters are meant: all, as far as nothing is said. */
export interface LetterPick {
  readonly destination?: string | undefined;
  readonly seq?: number | undefined;
}

function picked({ destination, seq }: LetterPick): SQL | undefined {
  return and(
    destination === undefined ? undefined : eq(deadLetters.destination, destination),
    seq === undefined ? undefined : eq(deadLetters.seq, seq),
  );
}

/** The latest first. */
export function readDeadLetters(
  orm: BetterSQLite3Database,
  limit: number,
  pick: LetterPick = {},
): DeadLetter[] {
  return orm
    .select()
    .from(deadLetters)
    .where(picked(pick))
    .orderBy(desc(deadLetters.buriedAt), desc(deadLetters.seq), deadLetters.destination)
    .limit(limit)
    .all()
    .map(({ sensor, metric, unit, at, value, flags, monoMs, thinned, crc: _, ...letter }) => ({
      ...letter,
      ...thinnedPart(thinned),
      reading: { sensor, metric, unit, at, value, flags, monoMs },
    }));
}

export function countDeadLetters(orm: BetterSQLite3Database, pick: LetterPick = {}): number {
  return orm.select({ rows: count() }).from(deadLetters).where(picked(pick)).get()?.rows ?? 0;
}
