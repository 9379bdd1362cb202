/**
 * One copy of a program on one data directory. The lock is a write transaction that is kept open on a
 * tiny SQLite file, `<name>.lock`: the kernel ends it with the process, however that dies, so there is
 * no stale lock to clean up, and the holder's pid stays readable to everybody else.
 *
 * The file is never deleted (a second copy could then lock a new one of the same name) and must not be
 * opened by other means: closing any descriptor of it would end this process's lock.
 */

import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { isDamage } from './damaged-file.ts';
import { codeOf, GatewayError } from './errors.ts';
import { damageOfHeader } from './header-check.ts';
import { openDatabase, type SqliteDatabase } from './sqlite.ts';

/** "SgwL". */
const APPLICATION_ID = 0x5367_774c;

const MIGRATIONS = [
  'CREATE TABLE holder (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER NOT NULL) STRICT',
];

/** Two copies that start together can each spoil one attempt of the other; a third time is something else. */
const ATTEMPTS_MAX = 10;

export interface InstanceLock {
  readonly file: string;
  /** Lets the next copy in. Safe to call twice. */
  release(): void;
}

export interface InstanceLockOptions {
  /** The directory that nobody may share; must exist. */
  readonly dir: string;
  /** The program: two different programs may share a directory. */
  readonly name: string;
  readonly pid: number;
}

/** Throws `SGW_DATA_DIR_IN_USE` at once, naming the pid, when another copy holds the lock. */
export function acquireInstanceLock(options: InstanceLockOptions): InstanceLock {
  const file = join(options.dir, `${options.name}.lock`);
  const database = lockedOrEmptied(file, options);
  return {
    file,
    release() {
      if (database.open) database.close();
    },
  };
}

/**
 * A file of which nothing can be made, whatever it says that it is, is emptied and begun again, because nobody should
 * have to come for a number of a process. The lock is the kernel's, and on the file, whatever is in it: if another copy
 * holds it, ours is refused after that as before.
 */
function lockedOrEmptied(file: string, options: InstanceLockOptions): SqliteDatabase {
  try {
    return locked(file, options);
  } catch (error) {
    if (!isDamage(error) && !isReadOnlyToSqlite(file, error)) throw error;
    truncateSync(file);
    return locked(file, options);
  }
}

/** Not asked of a file that this process may hold: another handle on it would end its lock. */
function isReadOnlyToSqlite(file: string, error: unknown): boolean {
  return codeOf(error) === 'SQLITE_READONLY' && damageOfHeader(file) !== undefined;
}

function locked(file: string, options: InstanceLockOptions): SqliteDatabase {
  const database = unlessBusy(options, undefined, () =>
    openDatabase({ file, applicationId: APPLICATION_ID, migrations: MIGRATIONS, journal: 'DELETE' }),
  );
  try {
    hold(database, options);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Others can only read a pid that has been committed, and a commit ends the lock. So: lock, and if the
 * pid on record is not ours, write it, commit, and lock again.
 */
function hold(database: SqliteDatabase, options: InstanceLockOptions): void {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    unlessBusy(options, database, () => database.exec('BEGIN IMMEDIATE'));
    if (holderOf(database) === options.pid) return;
    database.prepare('INSERT OR REPLACE INTO holder (id, pid) VALUES (1, ?)').run(options.pid);
    unlessBusy(options, database, () => database.exec('COMMIT'));
  }
  // Nobody was in the way, and yet what was written does not stand there.
  throw new GatewayError('SGW_INTERNAL', `${database.name} does not keep the number of its holder`);
}

function holderOf(database: SqliteDatabase): number | undefined {
  return database.prepare<[], number>('SELECT pid FROM holder WHERE id = 1').pluck().get();
}

function unlessBusy<T>(options: InstanceLockOptions, database: SqliteDatabase | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw inUse(options, database, error);
  }
}

function isBusy(error: unknown): boolean {
  return codeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}

function inUse(
  options: InstanceLockOptions,
  database: SqliteDatabase | undefined,
  cause?: unknown,
): GatewayError {
  let holder = 'another process';
  try {
    const pid = database === undefined ? undefined : holderOf(database);
    if (pid !== undefined) holder = `process ${pid}`;
  } catch (error) {
    // In the instant of the holder's own commit its pid cannot be read; that it holds the lock is certain.
    if (!isBusy(error)) throw error;
  }
  return new GatewayError('SGW_DATA_DIR_IN_USE', `${holder} runs ${options.name} on ${options.dir}`, {
    hint: 'Stop it first (systemctl status, or kill), or give this copy directories of its own.',
    cause,
  });
}
