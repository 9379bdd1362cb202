import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { type OpenOptions, openDatabase, type SchemaUpgrade, type SqliteDatabase } from './sqlite.ts';

const FIRST = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT';
const SECOND = 'ALTER TABLE notes ADD COLUMN at INTEGER NOT NULL DEFAULT 7';
const THIRD = 'CREATE INDEX notes_at ON notes (at)';

function open(file: string, migrations: readonly string[], more: Partial<OpenOptions> = {}): SqliteDatabase {
  const database = openDatabase({ file, applicationId: 0x5465_7374, migrations, ...more });
  onTestFinished(() => {
    database.close();
  });
  return database;
}

/** A file with one migration and one note, closed; its directory. */
function anOldFile(name = 'test.db'): string {
  const file = join(tempDir(), name);
  const database = open(file, [FIRST]);
  database.exec("INSERT INTO notes (text) VALUES ('kept')");
  database.close();
  return file;
}

const besides = (file: string) => readdirSync(join(file, '..')).filter((name) => name.endsWith('.backup'));

describe('a file of an older schema', () => {
  it('is copied before it is changed, with what is only in its log, and the copy can be worked with', () => {
    const file = anOldFile();
    const owner = open(file, [FIRST]);
    owner.exec("INSERT INTO notes (text) VALUES ('in the log')");
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    const sizes: number[] = [];
    const upgrades: SchemaUpgrade[] = [];

    open(file, [FIRST, SECOND], {
      onUpgrading: (bytes) => sizes.push(bytes),
      onUpgraded: (upgrade) => upgrades.push(upgrade),
    });

    const copy = `${file}.schema-1.backup`;
    expect(upgrades).toEqual([{ from: 1, to: 2, backup: { file: copy } }]);
    expect(sizes).toEqual([statSync(copy).size]);
    expect(open(copy, [FIRST]).prepare('SELECT * FROM notes').all()).toEqual([
      { id: 1, text: 'kept' },
      { id: 2, text: 'in the log' },
    ]);
  });

  it('leaves one copy, that of the newest schema before', () => {
    const file = anOldFile();
    const stranger = join(file, '..', 'other.db.schema-1.backup');
    writeFileSync(stranger, 'of another database');
    open(file, [FIRST, SECOND]).close();

    open(file, [FIRST, SECOND, THIRD]).close();

    expect(besides(file).sort()).toEqual(['other.db.schema-1.backup', 'test.db.schema-2.backup']);
  });

  it('is as private in its copy as it was', () => {
    const file = anOldFile();
    chmodSync(file, 0o640);

    open(file, [FIRST, SECOND]);

    expect(statSync(`${file}.schema-1.backup`).mode & 0o777).toBe(0o640);
  });

  it('is upgraded without a copy, and says so, when there cannot be one', () => {
    // The longest name that leaves room for SQLite's own suffixes leaves none for the copy's.
    const file = anOldFile(`${'n'.repeat(240)}.db`);
    const upgrades: SchemaUpgrade[] = [];

    const database = open(file, [FIRST, SECOND], { onUpgraded: (upgrade) => upgrades.push(upgrade) });

    expect(upgrades).toEqual([
      { from: 1, to: 2, backup: { skipped: expect.stringContaining('ENAMETOOLONG') } },
    ]);
    expect(database.prepare('SELECT * FROM notes').all()).toEqual([{ id: 1, text: 'kept', at: 7 }]);
    expect(besides(file)).toEqual([]);
  });

  it('is copied anew when a crash left half a copy', () => {
    const file = anOldFile();
    const half = `${file}.schema-1.backup.part`;
    for (const left of [half, `${half}-journal`]) writeFileSync(left, 'half a copy');

    open(file, [FIRST, SECOND]);

    expect(existsSync(half)).toBe(false);
    expect(existsSync(`${half}-journal`)).toBe(false);
    expect(new Database(`${file}.schema-1.backup`).pragma('quick_check', { simple: true })).toBe('ok');
  });

  it('loses at the next start what a failing disk has left of a copy, and nothing else', () => {
    const file = anOldFile();
    open(file, [FIRST, SECOND]).close();
    const left = ['', '-journal'].map((suffix) => `${file}.schema-1.backup.part${suffix}`);
    const others = [`${file}.schema-1.backup`, join(file, '..', 'other.db.schema-1.backup.part')];
    for (const path of [...left, others[1] ?? '']) writeFileSync(path, 'half of it');

    open(file, [FIRST, SECOND]);

    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect(others.filter((path) => existsSync(path))).toEqual(others);
  });

  it('keeps its schema and its rows when the change fails, and has its copy', () => {
    const file = anOldFile();

    expect(() => open(file, [FIRST, `${SECOND}; CREATE TABLE notes (a)`])).toThrow(/already exists/);

    expect(open(file, [FIRST]).prepare('SELECT * FROM notes').all()).toEqual([{ id: 1, text: 'kept' }]);
    expect(besides(file)).toEqual(['test.db.schema-1.backup']);
  });
});

it('a file that is new, or of the schema of today, is not copied', () => {
  const file = join(tempDir(), 'test.db');
  const upgraded = () => expect.fail('nothing was upgraded');

  open(file, [FIRST, SECOND], { onUpgraded: upgraded, onUpgrading: upgraded }).close();
  open(file, [FIRST, SECOND], { onUpgraded: upgraded, onUpgrading: upgraded }).close();

  expect(besides(file)).toEqual([]);
});

it('a file that its copying shows to be damaged is not changed', () => {
  const file = join(tempDir(), 'test.db');
  const database = open(file, [FIRST]);
  const insert = database.prepare<[string]>('INSERT INTO notes (text) VALUES (?)');
  for (let i = 0; i < 200; i += 1) insert.run('x'.repeat(400));
  database.close();
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(statSync(file).size - 8_192, 0xa5), 0, undefined, 8_192);
  closeSync(handle);

  expect(() => open(file, [FIRST, SECOND])).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CORRUPT/) }),
  );

  expect(open(file, [FIRST]).pragma('table_info(notes)')).toHaveLength(2);
  expect(readdirSync(join(file, '..')).filter((name) => name.includes('.backup'))).toEqual([]);
});
