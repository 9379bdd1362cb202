/**
 * The one place that opens SQLite files. A file opened here is ours (application id), has today's
 * schema (forward-only migrations), survives a power cut after each commit (WAL, synchronous=FULL),
 * and every pragma has been read back: SQLite ignores a pragma that it cannot honour without a word.
 *
 * Everything here is synchronous, on purpose: an async transaction would commit before its work is done.
 */

import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type CheckedCell, crcOf } from './cell-checksum.ts';
import { codeOf, GatewayError, messageOf } from './errors.ts';
import { backUpSchema, discardLeftCopies, type SchemaBackup, sizeOf } from './schema-backup.ts';
import { damageOfSchema, isSchemaOf } from './schema-check.ts';
import { BUSY_TIMEOUT_MS, CACHE_KIB, WAL_MIB } from './sqlite-limits.ts';
import { compareVersions, SQLITE_VERSION_MIN } from './sqlite-version.ts';
import { syncPath } from './sync-path.ts';

export type SqliteDatabase = Database.Database;

/** Those that are open for writing, and perhaps some that were. */
const opened = new Set<SqliteDatabase>();

/** Those that are open for writing now. */
export function openedDatabases(): SqliteDatabase[] {
  for (const database of opened) if (!database.open) opened.delete(database);
  return [...opened];
}

/** Empties the page caches of all databases that are open for writing; they fill again as they are used. */
export function shrinkCaches(): void {
  for (const database of openedDatabases()) database.pragma('shrink_memory');
}

export interface OpenOptions {
  readonly file: string;
  /** Marks the file as ours; four ASCII characters as a number. */
  readonly applicationId: number;
  /** SQL scripts; the n-th (from 1) leads to `user_version` n. Never edited once released. */
  readonly migrations: readonly string[];
  /** Page cache bound, 2 MiB if left out. */
  readonly cacheKiB?: number;
  /** The WAL is written back when it has grown to so many MiB, 4 if left out. More makes bulk inserts faster. */
  readonly walMiB?: number;
  /** Of a file that is created now; a commit writes each page that it touches whole. SQLite's own 4096 if left out. */
  readonly pageBytes?: number;
  /** NORMAL loses acknowledged rows in a power cut; it exists for the twin of the test that shows it. */
  readonly synchronous?: 'FULL' | 'NORMAL';
  /** DELETE keeps everything in one file and costs more for each commit: for what is written once a start. */
  readonly journal?: 'WAL' | 'DELETE';
  /** A file of an older schema has so many bytes, and is copied now: it takes as long as writing them anew. */
  readonly onUpgrading?: (bytes: number) => void;
  /** It has today's schema. */
  readonly onUpgraded?: (upgrade: SchemaUpgrade) => void;
}

export interface SchemaUpgrade {
  readonly from: number;
  readonly to: number;
  /** The file as it was before. */
  readonly backup: SchemaBackup;
}

/**
 * Opens (or creates and migrates) a database for writing. One with an older schema is copied first (`schema-backup.ts`).
 * Throws `SGW_SQLITE_TOO_OLD`, `SGW_DATABASE_FOREIGN`, `SGW_SCHEMA_TOO_NEW`, `SGW_DATABASE_PRAGMA`,
 * `SGW_DATA_DIR_UNUSABLE`, or `SGW_INTERNAL` if its tables and the number of its schema contradict each other; other
 * corruption is thrown as SQLite words it (`SQLITE_CORRUPT`, `SQLITE_NOTADB`).
 * A failing migration is rolled back whole, and the file stays at the schema it had.
 */
export function openDatabase(options: OpenOptions): SqliteDatabase {
  const created = !existsSync(options.file);
  const database = openFile(options.file, {});
  try {
    assertSqliteVersion(database);
    assertOurs(database, options);
    configure(database, options);
    migrate(database, options);
    assertSchema(database, options);
    if (created) syncPath(dirname(options.file));
  } catch (error) {
    database.close();
    throw unusable(options.file, error) ?? error;
  }
  opened.add(database);
  return database;
}

/**
 * Opens an existing database for reading, safe while its owner writes. With `olderToo` it may have an older schema:
 * for those who copy it, and ask nothing of its tables.
 * Throws `SGW_DATABASE_MISSING` if there is none or its owner has not brought it to today's schema yet,
 * `SGW_DATA_DIR_UNUSABLE` if this user may not read it, and what `openDatabase` throws for a foreign file.
 */
export function openDatabaseReadOnly(
  options: Pick<OpenOptions, 'file' | 'applicationId' | 'migrations'> & { readonly olderToo?: boolean },
): SqliteDatabase {
  if (!isThere(options.file)) {
    throw new GatewayError('SGW_DATABASE_MISSING', `${options.file} does not exist`, {
      hint: 'Is the data directory right, and has the gateway run on it? See `sensorctl --help` on --data-dir.',
    });
  }
  const database = openFile(options.file, { readonly: true });
  try {
    assertSqliteVersion(database);
    assertOurs(database, options);
    if (options.olderToo !== true) assertMigrated(database, options);
  } catch (error) {
    database.close();
    throw unusable(options.file, error) ?? error;
  }
  return database;
}

/**
 * What `PRAGMA quick_check` finds first, `ok` if nothing; of the tables in `whole` their indexes are compared,
 * too. Reads the whole file, and twice before it says of one that it is damaged: seconds for each 100 MiB on a card.
 * Throws what SQLite throws if the file cannot even be opened. Never writes: a check that outlives who asked for it
 * must not touch the log by its name.
 */
export function quickCheck(file: string, whole: readonly string[]): string {
  try {
    if (checkOnce(file, whole) === 'ok') return 'ok';
  } catch {
    // What is wrong with it is wrong the second time, too; a read that the disk has failed once is not.
  }
  return checkOnce(file, whole);
}

function checkOnce(file: string, whole: readonly string[]): string {
  const database = openFile(file, { readonly: true });
  try {
    const checks = ['quick_check(1)', ...whole.map((table) => `integrity_check(${table})`)];
    const found = checks.map((check) => String(database.pragma(check, { simple: true })));
    return found.find((one) => one !== 'ok') ?? 'ok';
  } finally {
    database.close();
  }
}

/**
 * Throws `SGW_DATA_DIR_UNUSABLE` if this user cannot know: a directory that is closed to us hides a file, it does not
 * lack it.
 */
function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return false;
    throw unusableError(file, error);
  }
}

function openFile(file: string, options: Database.Options): SqliteDatabase {
  try {
    const database = new Database(file, { timeout: BUSY_TIMEOUT_MS, ...options });
    const crc = (...cells: CheckedCell[]) => crcOf(cells);
    return database.function('crc_of', { deterministic: true, varargs: true }, crc);
  } catch (error) {
    // better-sqlite3 looks for the directory by itself, and says that it is missing with a TypeError.
    if (error instanceof TypeError) throw unusableError(file, error);
    throw unusable(file, error) ?? error;
  }
}

/** The error to throw instead when the file system refuses us; `undefined` when `error` is something else. */
function unusable(file: string, error: unknown): GatewayError | undefined {
  // A file in WAL mode cannot even be read where its -shm file neither exists nor can be created: that
  // arrives as CANTOPEN, too, and only with the first query.
  const refused = /^SQLITE_(CANTOPEN|READONLY|PERM)/.test(codeOf(error) ?? '');
  return refused ? unusableError(file, error) : undefined;
}

function unusableError(file: string, error: unknown): GatewayError {
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot use ${file}: ${messageOf(error)}`, {
    hint: `${dirname(file)} must exist and belong to the user who runs this: try it as the gateway's own user (sudo -u).`,
    cause: error,
  });
}

/** Of the SQLite that was compiled in. */
export function sqliteVersion(): string {
  const database = new Database(':memory:');
  try {
    return versionOf(database);
  } finally {
    database.close();
  }
}

function versionOf(database: SqliteDatabase): string {
  return database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? 'unknown';
}

/** Refuses an SQLite older than 3.51.3: see the bug named at `SQLITE_VERSION_MIN`. */
export function assertSqliteVersion(database: SqliteDatabase): void {
  const version = versionOf(database);
  if (compareVersions(version, SQLITE_VERSION_MIN) >= 0) return;
  throw new GatewayError('SGW_SQLITE_TOO_OLD', `SQLite ${version} can lose committed rows (WAL reset bug)`, {
    hint: `better-sqlite3 must bring SQLite ${SQLITE_VERSION_MIN} or newer: run npm ci in the installation directory.`,
  });
}

function assertOurs(
  database: SqliteDatabase,
  options: Pick<OpenOptions, 'file' | 'applicationId' | 'migrations'>,
): void {
  const id = readPragma(database, 'application_id');
  const version = Number(readPragma(database, 'user_version'));
  const empty = readPragma(database, 'schema_version') === 0;
  if (id !== options.applicationId && !(id === 0 && empty)) {
    throw new GatewayError(
      'SGW_DATABASE_FOREIGN',
      `${options.file} is an SQLite file of another program (application_id ${id})`,
      { hint: 'Move it away, or point the gateway at its own data directory.' },
    );
  }
  if (version > options.migrations.length) {
    if (isSchemaOf(database, options.migrations, openScratch)) {
      throw contradiction(options.file, `it says that it has schema ${version}, and has the tables of ours`);
    }
    throw new GatewayError(
      'SGW_SCHEMA_TOO_NEW',
      `${options.file} has schema ${version}; this version knows up to ${options.migrations.length}`,
      { hint: 'It was written by a newer sensor-gateway: install that version again. Nothing was changed.' },
    );
  }
}

function assertMigrated(database: SqliteDatabase, options: Pick<OpenOptions, 'file' | 'migrations'>): void {
  const version = readPragma(database, 'user_version');
  if (version === options.migrations.length) return;
  throw new GatewayError(
    'SGW_DATABASE_MISSING',
    `${options.file} has schema ${version}, and reading it needs ${options.migrations.length}`,
    { hint: 'Start the gateway once with this version: it brings its files up to date.' },
  );
}

/** A setting as it is written, and what SQLite must then say that it is. */
type Pragma = readonly [name: string, value: string | number, reads: string | number];

function configure(database: SqliteDatabase, options: OpenOptions): void {
  const isFresh = readPragma(database, 'schema_version') === 0;
  const pageBytes = (isFresh ? options.pageBytes : undefined) ?? Number(readPragma(database, 'page_size'));
  // Only possible before the first table: lets a drained file shrink in small steps.
  const fresh: Pragma[] = [
    ['page_size', pageBytes, pageBytes],
    ['auto_vacuum', 'INCREMENTAL', 2],
  ];
  const journal = options.journal ?? 'WAL';
  const synchronous = options.synchronous ?? 'FULL';
  const cacheKiB = options.cacheKiB ?? CACHE_KIB;
  const walBytes = (options.walMiB ?? WAL_MIB) * 1_048_576;
  const walPages = Math.floor(walBytes / pageBytes);
  const wanted: readonly Pragma[] = [
    ...(isFresh ? fresh : []),
    ['journal_mode', journal, journal.toLowerCase()],
    ['synchronous', synchronous, synchronous === 'FULL' ? 2 : 1],
    ['busy_timeout', BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS],
    ['foreign_keys', 'ON', 1],
    ['trusted_schema', 'OFF', 0],
    ['temp_store', 'MEMORY', 2],
    // A failing card under a memory-mapped file is a SIGBUS; under read() it is an error that we can name.
    ['mmap_size', 0, 0],
    ['cache_size', -cacheKiB, -cacheKiB],
    ['wal_autocheckpoint', walPages, walPages],
    ['journal_size_limit', walBytes, walBytes],
  ];
  for (const [name, value] of wanted) database.pragma(`${name} = ${value}`);
  verifyPragmas(database, wanted);
}

/** Reads every setting back, because SQLite says nothing when it ignores one. Throws `SGW_DATABASE_PRAGMA`. */
export function verifyPragmas(database: SqliteDatabase, wanted: readonly Pragma[]): void {
  for (const [name, , reads] of wanted) {
    const got = readPragma(database, name);
    // An SQLite built without memory mapping has no mmap_size to report.
    if (got === reads || (name === 'mmap_size' && got === undefined)) continue;
    throw new GatewayError(
      'SGW_DATABASE_PRAGMA',
      `${database.name}: PRAGMA ${name} is ${got}, not ${reads}`,
      { hint: 'The file system may not support what SQLite needs (shared memory, fsync). Use a local disk.' },
    );
  }
}

function migrate(database: SqliteDatabase, options: OpenOptions): void {
  const step = database.transaction((version: number, sql: string) => {
    // Asked again under the write lock: another process may have migrated since.
    if (readPragma(database, 'user_version') !== version - 1) return;
    database.exec(sql);
    database.pragma(`user_version = ${version}`);
    database.pragma(`application_id = ${options.applicationId}`);
  });
  const from = Number(readPragma(database, 'user_version'));
  const to = options.migrations.length;
  if (from === to) {
    discardLeftCopies(options.file);
    return;
  }
  // A file that is being born holds nothing to copy.
  const backup = from === 0 ? undefined : backedUp(database, from, options);
  for (const [index, sql] of options.migrations.entries()) {
    if (index >= from) step.immediate(index + 1, sql);
  }
  if (backup !== undefined) options.onUpgraded?.({ from, to, backup });
}

function assertSchema(database: SqliteDatabase, { file, migrations }: OpenOptions): void {
  const damage = damageOfSchema(database, migrations, openScratch);
  if (damage !== undefined) throw contradiction(file, damage);
}

const openScratch = () => openFile(':memory:', {});

function contradiction(file: string, how: string): GatewayError {
  return new GatewayError('SGW_INTERNAL', `${file} contradicts itself: ${how}`);
}

function backedUp(database: SqliteDatabase, from: number, { onUpgrading }: OpenOptions): SchemaBackup {
  onUpgrading?.(sizeOf(database));
  return backUpSchema(database, from);
}

function readPragma(database: SqliteDatabase, name: string): unknown {
  return database.pragma(name, { simple: true });
}
