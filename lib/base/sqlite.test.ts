import { readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { isDamage } from './damaged-file.ts';
import {
  assertSqliteVersion,
  type OpenOptions,
  openDatabase,
  openDatabaseReadOnly,
  openedDatabases,
  quickCheck,
  type SqliteDatabase,
  verifyPragmas,
} from './sqlite.ts';
import { compareVersions } from './sqlite-version.ts';
import { syncPath } from './sync-path.ts';

vi.mock('./sync-path.ts', { spy: true });

const OURS = 0x5465_7374;
const FIRST = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT';
const SECOND = 'ALTER TABLE notes ADD COLUMN at INTEGER NOT NULL DEFAULT 7';
const THIRD = 'CREATE INDEX notes_at ON notes (at)';

function open(options: Partial<OpenOptions> = {}): SqliteDatabase {
  const file = options.file ?? join(tempDir(), 'test.db');
  const database = openDatabase({ applicationId: OURS, migrations: [FIRST], ...options, file });
  onTestFinished(() => {
    database.close();
  });
  return database;
}

/** A file that another program has made. */
function foreignFile(sql: string): string {
  const file = join(tempDir(), 'foreign.db');
  const database = new Database(file);
  database.exec(sql);
  database.close();
  return file;
}

/** What this process has open, by name. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // The one that the listing itself had open.
    }
  });
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const pragma = (database: SqliteDatabase, name: string) => database.pragma(name, { simple: true });

describe('the settings of a file', () => {
  const SETTINGS = [
    ['auto_vacuum', 'INCREMENTAL', 2, 0],
    ['journal_mode', 'WAL', 'wal', 'delete'],
    ['synchronous', 'FULL', 2, 1],
    ['busy_timeout', 250, 250, 5000],
    ['foreign_keys', 'ON', 1, 0],
    ['trusted_schema', 'OFF', 0, 1],
    ['temp_store', 'MEMORY', 2, 0],
    ['cache_size', -2048, -2048, -16000],
    ['wal_autocheckpoint', 1024, 1024, 500],
    ['journal_size_limit', 4_194_304, 4_194_304, -1],
  ] as const;

  it.each(SETTINGS)('%s reads back as it was asked for', (name, _value, reads) => {
    expect(pragma(open(), name)).toBe(reads);
  });

  it('stay the same when the file is opened again', () => {
    const file = join(tempDir(), 'test.db');
    open({ file }).close();

    const again = open({ file });

    expect(SETTINGS.map(([name]) => pragma(again, name))).toEqual(SETTINGS.map(([, , reads]) => reads));
  });

  it('give a new file pages of the size that is asked for, and bound its log in bytes all the same', () => {
    const file = join(tempDir(), 'test.db');
    const small = open({ file, pageBytes: 1_024 });
    const found = (database: SqliteDatabase) => [
      pragma(database, 'page_size'),
      pragma(database, 'wal_autocheckpoint'),
    ];

    const atFirst = found(small);
    small.close();

    expect(atFirst).toEqual([1_024, 4_096]);
    // A file that is there keeps the pages that it was made with.
    expect(found(open({ file }))).toEqual([1_024, 4_096]);
    expect(found(open({ file, pageBytes: 8_192 }))).toEqual([1_024, 4_096]);
    expect(found(open())).toEqual([4_096, 1_024]);
  });

  it.each(SETTINGS)('%s is noticed when it is not what was asked for', (name, value, reads, other) => {
    const database = new Database(join(tempDir(), 'test.db'), { timeout: 5000 });
    onTestFinished(() => {
      database.close();
    });
    database.pragma(`${name} = ${other}`);
    expect(pragma(database, name)).toBe(other);

    expect(() => verifyPragmas(database, [[name, value, reads]])).toThrow(
      expect.objectContaining({
        code: 'SGW_DATABASE_PRAGMA',
        message: expect.stringContaining(`PRAGMA ${name} is ${other}, not ${reads}`),
      }),
    );
  });

  it('end the start when SQLite cannot honour one: memory has no write-ahead log', () => {
    expect(() => open({ file: ':memory:' })).toThrow(/PRAGMA journal_mode is memory, not wal/);
  });

  it('can be weaker on request, so that a test can show what that loses', () => {
    expect(pragma(open({ synchronous: 'NORMAL' }), 'synchronous')).toBe(1);
  });
});

describe('a file', () => {
  it('of another program is left as it was', () => {
    const file = foreignFile('PRAGMA application_id = 42; CREATE TABLE theirs (a)');
    const before = readFileSync(file);

    expect(() => open({ file })).toThrow(expect.objectContaining({ code: 'SGW_DATABASE_FOREIGN' }));
    expect(() => openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST] })).toThrow(
      expect.objectContaining({ code: 'SGW_DATABASE_FOREIGN' }),
    );

    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('with a changed letter in its schema is refused, which no other check does, and with an index of yours is not', () => {
    const file = join(tempDir(), 'test.db');
    open({ file }).close();
    const yours = new Database(file);
    yours.exec('CREATE INDEX yours ON notes (id)');
    yours.close();
    open({ file }).close();
    const bytes = readFileSync(file);
    bytes.write('x', bytes.lastIndexOf('text TEXT'));
    writeFileSync(file, bytes);

    expect(quickCheck(file, ['notes'])).toBe('ok');
    expect(openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST] }).close().open).toBe(false);
    expect(() => open({ file })).toThrow(
      expect.objectContaining({
        code: 'SGW_INTERNAL',
        message: expect.stringContaining('its table notes is not'),
      }),
    );
  });

  it.each([
    ['a newer', 2, 'it says that it has schema 2'],
    ['an older', 0, 'already exists'],
  ])(
    'that says by a changed bit that it is of %s version is damaged, and not of that version',
    (_what, version, found) => {
      const file = join(tempDir(), 'test.db');
      open({ file }).close();
      const bytes = readFileSync(file);
      // The database header of SQLite's file format, section 1.3.
      bytes.writeUInt32BE(version, 60);
      writeFileSync(file, bytes);

      const thrown = thrownBy(() => open({ file }));

      expect(thrown).toMatchObject({ message: expect.stringContaining(found) });
      expect(isDamage(thrown)).toBe(true);
    },
  );

  it('without a mark, but with tables, is not ours either', () => {
    expect(() => open({ file: foreignFile('CREATE TABLE theirs (a)') })).toThrow(
      expect.objectContaining({ code: 'SGW_DATABASE_FOREIGN' }),
    );
  });

  it('that is empty becomes ours: it is what a crash at birth leaves', () => {
    const file = join(tempDir(), 'empty.db');
    writeFileSync(file, '');

    expect(pragma(open({ file }), 'application_id')).toBe(OURS);
  });

  it('whose name the disk does not keep is not opened, and does not stay open', () => {
    const file = join(tempDir(), 'test.db');
    const refused = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });
    vi.mocked(syncPath).mockImplementationOnce(() => {
      throw refused;
    });

    expect(() => open({ file })).toThrow(refused);

    expect(openFiles().filter((name) => name.startsWith(file))).toEqual([]);
    expect(openedDatabases().filter(({ name }) => name === file)).toEqual([]);
    expect(pragma(open({ file }), 'user_version')).toBe(1);
  });

  it('that is no database is named as SQLite names it, for the quarantine', () => {
    const file = join(tempDir(), 'text.db');
    writeFileSync(file, 'this is not a database at all\n'.repeat(100));

    expect(() => open({ file })).toThrow(expect.objectContaining({ code: 'SQLITE_NOTADB' }));
  });

  it('in a directory that does not exist cannot be used', () => {
    const file = join(tempDir(), 'missing', 'test.db');

    expect(() => open({ file })).toThrow(
      expect.objectContaining({ code: 'SGW_DATA_DIR_UNUSABLE', message: expect.stringContaining(file) }),
    );
  });

  it('that cannot be reached is not called missing', () => {
    const file = join(tempDir(), 'loop.db');
    symlinkSync(file, file);

    expect(() => openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST] })).toThrow(
      expect.objectContaining({ code: 'SGW_DATA_DIR_UNUSABLE', message: expect.stringContaining('ELOOP') }),
    );
  });

  it('that is a directory cannot be used', () => {
    expect(() => open({ file: tempDir() })).toThrow(
      expect.objectContaining({ code: 'SGW_DATA_DIR_UNUSABLE' }),
    );
  });

  it('to be read must exist, and is not created', () => {
    const file = join(tempDir(), 'none.db');

    expect(() => openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST] })).toThrow(
      expect.objectContaining({ code: 'SGW_DATABASE_MISSING' }),
    );
  });

  it('opened for reading refuses to be written', () => {
    const file = join(tempDir(), 'test.db');
    open({ file });
    const reader = openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST] });

    expect(() => reader.exec("INSERT INTO notes (text) VALUES ('x')")).toThrow(
      expect.objectContaining({ code: 'SQLITE_READONLY' }),
    );
    reader.close();
  });
});

describe('migrations', () => {
  it('go forward in steps, once each, and keep what is there', () => {
    const file = join(tempDir(), 'test.db');
    const first = open({ file });
    first.exec("INSERT INTO notes (text) VALUES ('kept')");
    first.close();

    const third = open({ file, migrations: [FIRST, SECOND, THIRD] });
    third.close();
    const again = open({ file, migrations: [FIRST, SECOND, THIRD] });

    expect(pragma(again, 'user_version')).toBe(3);
    expect(again.prepare('SELECT * FROM notes').all()).toEqual([{ id: 1, text: 'kept', at: 7 }]);
  });

  it('that fail are rolled back whole, and leave the schema before them', () => {
    const file = join(tempDir(), 'test.db');
    const broken = `${SECOND}; INSERT INTO notes (text) VALUES ('half'); CREATE TABLE notes (a)`;

    expect(() => open({ file, migrations: [FIRST, broken, THIRD] })).toThrow(/notes already exists/);

    const recovered = open({ file });
    expect(pragma(recovered, 'user_version')).toBe(1);
    expect(recovered.prepare('SELECT * FROM notes').all()).toEqual([]);
    expect(recovered.pragma('table_info(notes)')).toHaveLength(2);
  });

  it('from the future are refused, and the file stays as it was', () => {
    const file = join(tempDir(), 'test.db');
    open({ file, migrations: [FIRST, SECOND] }).close();
    const before = readFileSync(file);

    expect(() => open({ file })).toThrow(
      expect.objectContaining({
        code: 'SGW_SCHEMA_TOO_NEW',
        message: expect.stringMatching(/schema 2.*up to 1/),
      }),
    );

    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it("that are still to come are not a reader's business", () => {
    const file = join(tempDir(), 'test.db');
    open({ file }).close();

    expect(() => openDatabaseReadOnly({ file, applicationId: OURS, migrations: [FIRST, SECOND] })).toThrow(
      /has schema 1, and reading it needs 2/,
    );
  });
});

describe('the version of SQLite', () => {
  it('is one without the WAL reset bug', () => {
    expect(() => assertSqliteVersion(open())).not.toThrow();
  });

  it.each(['3.51.2', '3.40.1', '3.46.1', '2.99.99', 'unknown'])('is refused when it is %s', (version) => {
    const database = new Database(':memory:');
    database.function('sqlite_version', () => version);

    expect(() => assertSqliteVersion(database)).toThrow(
      expect.objectContaining({ code: 'SGW_SQLITE_TOO_OLD', message: expect.stringContaining(version) }),
    );
    database.close();
  });

  it('is compared number by number, in the order of tuples', () => {
    const part = fc.nat(200);
    const version = fc.tuple(part, part, part);
    const order = (a: readonly number[], b: readonly number[]): number => {
      const at = a.findIndex((one, i) => one !== b[i]);
      return at < 0 ? 0 : Math.sign((a[at] ?? 0) - (b[at] ?? 0));
    };

    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a.join('.'), b.join('.')))).toBe(order(a, b));
        expect(compareVersions(a.join('.'), a.join('.'))).toBe(0);
        expect(compareVersions(`${a.join('.')}.0`, a.join('.'))).toBe(0);
      }),
    );
    expect(compareVersions('3.9.0', '3.51.3')).toBeLessThan(0);
  });
});
