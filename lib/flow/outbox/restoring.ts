/**
 * Records of a quarantined file, written into the present one: dead letters as they were buried, entries of the
 * ledger, which every destination is told once more, and the history that explains what is missing. What is there
 * already is left as it is.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { prepareSealLetter } from './dead-letters.ts';
import type { GoneLedger } from './gone.ts';
import { type History, prepareRestoreHistory } from './history.ts';
import type { GoneClaim, LetterClaim } from './salvage-records.ts';

export interface Restoration {
  readonly letters?: readonly LetterClaim[];
  readonly gone?: readonly Omit<GoneClaim, 'proven'>[];
  readonly history?: History;
}

/** Inside a transaction. */
export function prepareRestore(
  database: SqliteDatabase,
  gone: Pick<GoneLedger, 'declare'>,
): (restoration: Restoration, now: number) => void {
  const insert = database.prepare<(string | number | null)[]>(`
    INSERT INTO dead_letters (destination, seq, stream, sensor, metric, unit, at, value, mono_ms, flags, boot_id,
      code, message, buried_at, thinned, crc)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`);

  const seal = prepareSealLetter(database);
  const restoreHistory = prepareRestoreHistory(database);
  return ({ letters = [], gone: entries = [], history }, now) => {
    for (const letter of letters) {
      const { destination, seq, stream, reading, bootId, code, message, buriedAt, thinned } = letter;
      const { sensor, metric, unit, at, value, monoMs, flags } = reading;
      const cells = [destination, seq, stream, sensor, metric, unit, at, value, monoMs, flags];
      const isNew = insert.run(...cells, bootId, code, message, buriedAt, thinned).changes > 0;
      if (isNew) seal(destination, seq);
      // Its line in the ledger may be the part that is lost.
      gone.declare(stream, [[seq, seq]], 'buried', { at: buriedAt, destination });
    }
    for (const { stream, destination, lo, hi, cause, at } of entries) {
      const whose = destination === null ? {} : { destination };
      gone.declare(stream, [[lo, hi]], cause, { at: at || now, ...whose });
    }
    if (history !== undefined) restoreHistory(history, now);
  };
}
