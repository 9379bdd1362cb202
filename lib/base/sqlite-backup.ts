/**
 * Copies of databases that may be in use: taken by SQLite itself, page by page, never with `cp`, which
 * would miss what is still in the log or tear a page. A copy has its final name only once it has been
 * checked and is on the disk.
 */

import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayError } from './errors.ts';
import { type OpenOptions, openDatabase, openDatabaseReadOnly, type SqliteDatabase } from './sqlite.ts';
import { syncPath } from './sync-path.ts';

export type OwnedFile = Pick<OpenOptions, 'file' | 'applicationId' | 'migrations'>;

/** Pages copied in one go: some milliseconds, in which a writer of the original is not held up. */
const PAGES_AT_ONCE = 1_000;
/** Copying begins anew when somebody else writes to the original meanwhile: after so many times it is done in one go. */
const RESTARTS_MAX = 3;

/**
 * Copies `source` to `target`, checks the copy, and gives it its name: afterwards `target` is whole and on
 * the disk, or is as it was. An older schema stays what it is, to be brought up to date by the program. Throws what
 * `openDatabaseReadOnly` throws, and `SGW_BACKUP_BAD` if the copy is damaged.
 */
export async function backupDatabase(
  source: OwnedFile,
  target: string,
  onProgress: (copied: number, total: number) => void = () => {},
): Promise<void> {
  const part = `${target}.part`;
  discard(part);
  const database = openDatabaseReadOnly({ ...source, olderToo: true });
  try {
    let restarts = 0;
    let before = Number.POSITIVE_INFINITY;
    await database.backup(part, {
      progress({ totalPages, remainingPages }) {
        onProgress(totalPages - remainingPages, totalPages);
        if (remainingPages > before) restarts += 1;
        before = remainingPages;
        // In one go it is one read transaction, which no writer can overtake.
        return restarts < RESTARTS_MAX ? PAGES_AT_ONCE : Math.max(1, totalPages);
      },
    });
    // The copy of a file in WAL mode is in WAL mode: in one file it can be moved and read anywhere.
    settle({ ...source, file: part, migrations: source.migrations.slice(0, schemaOf(database)) });
    renameSync(part, target);
    syncPath(dirname(target));
  } catch (error) {
    discard(part);
    throw error;
  } finally {
    database.close();
  }
}

function schemaOf(database: SqliteDatabase): number {
  return Number(database.pragma('user_version', { simple: true }));
}

function settle(copy: OwnedFile): void {
  const database = openDatabase({ ...copy, journal: 'DELETE' });
  try {
    assertSound(database);
  } finally {
    database.close();
  }
  syncPath(copy.file);
}

/** Throws `SGW_BACKUP_BAD` with SQLite's words if the file is damaged. Reads all of it. */
export function assertSound(database: SqliteDatabase): void {
  const found = database.prepare<[], string>('PRAGMA quick_check(1)').pluck().get();
  if (found === 'ok') return;
  throw new GatewayError('SGW_BACKUP_BAD', `${database.name} is damaged: ${found ?? 'no answer'}`, {
    hint: 'Use another backup, or make a new one.',
  });
}

function discard(part: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(part + suffix, { force: true });
}
