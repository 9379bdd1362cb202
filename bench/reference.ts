/**
 * The reference of the storing benchmarks: a bare loop of transactions of 500 rows into a plain table,
 * through one prepared statement, each commit synced. Nothing that keeps readings can be faster.
 */

import { rmSync } from 'node:fs';
import { openDatabase } from '../lib/base/sqlite.ts';

const ROWS_A_TRANSACTION = 500;

/** Rows a second. Takes about half a second for 100,000 rows on a fast disk. */
export function bareInsertRate(file: string, rows: number): number {
  const database = openDatabase({
    file,
    applicationId: 1,
    migrations: [
      `CREATE TABLE readings (
         gw TEXT, seq INTEGER, sensor TEXT, metric TEXT, ts INTEGER, value REAL, PRIMARY KEY (gw, seq)
       ) WITHOUT ROWID`,
    ],
  });
  const insert = database.prepare('INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?)');
  const transaction = database.transaction((from: number) => {
    for (let seq = from; seq < from + ROWS_A_TRANSACTION; seq += 1) {
      insert.run(
        'bench',
        seq,
        'greenhouse',
        'temperature',
        1_768_493_375_000 + seq,
        20 + (seq % 1_000) / 100,
      );
    }
  });
  const startedMono = performance.now();
  for (let seq = 1; seq <= rows; seq += ROWS_A_TRANSACTION) transaction.immediate(seq);
  const seconds = (performance.now() - startedMono) / 1_000;
  database.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  return rows / seconds;
}
