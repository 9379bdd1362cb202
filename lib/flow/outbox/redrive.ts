/**
 * Dead letters on their way back among the rows that wait, under the identity they always had, so that a
 * store which did get one recognises it. The row itself has mostly left meanwhile, and sometimes its stream.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { prepareBoots } from './boots.ts';
import { LETTER_HOLDS } from './dead-letters.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import { prepareSealStream } from './streams.ts';

/** In one transaction: some ten milliseconds, which a round can wait for. */
const REDRIVE_LETTERS_MAX = 1_000;

interface Letter {
  readonly seq: number;
  readonly stream: string;
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly at: number;
  readonly value: number;
  readonly monoMs: number;
  readonly flags: number;
  readonly bootId: string;
  /** As it stands in the row. */
  readonly thinned: string | null;
}

export interface Redrive {
  /** The dead letters of a destination that hold, the latest seq first; only that of `seq` if one is given. */
  letters(destination: string, seq: number | undefined): readonly Letter[];
  /** Makes rows of them and ends them as dead letters. Inside a transaction. */
  putBack(destination: string, letters: readonly Letter[]): void;
  /** Deletes dead letters for good; returns how many. */
  drop(destination: string, seq: number | undefined): number;
}

export function prepareRedrive(
  database: SqliteDatabase,
  { series, checksum }: { readonly series: SeriesTable; readonly checksum: RowChecksum },
): Redrive {
  const select = database.prepare<[string, number | null, number], Letter>(
    `SELECT seq, stream, sensor, metric, unit, at, value, mono_ms AS monoMs, flags, boot_id AS bootId, thinned
     FROM dead_letters WHERE destination = ? AND seq = coalesce(?, seq) AND ${LETTER_HOLDS}
     ORDER BY seq DESC LIMIT ?`,
  );
  const remove = database.prepare<[string, number | null]>(
    'DELETE FROM dead_letters WHERE destination = ? AND seq = coalesce(?, seq)',
  );
  const isThere = database.prepare<[number], number>('SELECT 1 FROM readings WHERE seq = ?').pluck();
  const boots = prepareBoots(database);
  const insertRow = database.prepare<(number | string | null)[]>(
    `INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc, thinned)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const widen = database.prepare<[number, number, string]>(
    'UPDATE streams SET first_seq = min(first_seq, ?), next_seq = max(next_seq, ?) WHERE id = ?',
  );
  // Before all others: the one with the highest ordinal is the stream that grows.
  const recall = database.prepare<[string, number, number, number]>(
    `INSERT INTO streams (ordinal, id, first_seq, next_seq, born_at, crc)
     VALUES ((SELECT min(ordinal) - 1 FROM streams), ?, ?, ?, ?, 0)`,
  );
  const seal = prepareSealStream(database);

  function insert(letter: Letter): void {
    const { seq, stream, at, value, monoMs, flags, bootId, thinned } = letter;
    const id = series.idOf(letter);
    const crc = checksum.of(checksum.startOf(stream, letter), { seq, at, value, flags, monoMs }, thinned);
    insertRow.run(seq, id, at, value, monoMs, flags, boots.numberOf(bootId), crc, thinned);
    // A stream is forgotten some time after its last row has left.
    if (widen.run(seq, seq + 1, stream).changes === 0) recall.run(stream, seq, seq + 1, at);
    seal(stream);
  }

  return {
    letters: (destination, seq) => select.all(destination, seq ?? null, REDRIVE_LETTERS_MAX),
    putBack(destination, letters) {
      for (const letter of letters) {
        if (isThere.get(letter.seq) === undefined) insert(letter);
        remove.run(destination, letter.seq);
      }
    },
    drop: (destination, seq) => remove.run(destination, seq ?? null).changes,
  };
}
