import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { isSuspect, moveAside, noteDamage, openOrReplace } from './damaged-file.ts';
import { openDatabase, openDatabaseReadOnly } from './sqlite.ts';

const ROWS = 2_000;
const PAGE_BYTES = 4_096;

/** A file with some pages of rows, and a program that opens it as ours do. Of a larger one it reads only the log. */
function rig({ checkBytesMax = Number.POSITIVE_INFINITY } = {}) {
  const file = join(tempDir(), 'rows.db');
  const options = {
    file,
    applicationId: 0x5367_7454,
    migrations: ['CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT'],
  };
  const made = openDatabase(options);
  const insert = made.prepare('INSERT INTO rows (name) VALUES (?)');
  made.transaction(() => {
    for (let i = 0; i < ROWS; i += 1) insert.run(`row ${i}`);
  })();
  made.close();
  const reasons: string[] = [];
  const checked: number[] = [];
  return {
    file,
    options,
    reasons,
    /** The bytes that were to be read, in turn. */
    checked,
    /** How many rows there are after a start. `opened`: what comes of opening it, one after the other. */
    start(opened: (() => void)[] = []): number {
      const database = openOrReplace(
        { file, checkedWhole: ['rows'], checkBytesMax, onCheck: (bytes) => checked.push(bytes) },
        () => {
          opened.shift()?.();
          return openDatabase(options);
        },
        (reason) => {
          reasons.push(reason);
          moveAside(file, { reason, at: reasons.length });
        },
      );
      const rows = database.prepare<[], number>('SELECT count(*) FROM rows').pluck().get();
      database.close();
      return rows ?? 0;
    },
    /** Three more rows, each a commit, and then the power is cut: they are in the log. */
    cutOff(): void {
      const database = openDatabase(options);
      const left = join(dirname(file), 'left');
      for (let i = 0; i < 3; i += 1) database.prepare('INSERT INTO rows (name) VALUES (?)').run(`late ${i}`);
      for (const suffix of ['', '-wal']) copyFileSync(file + suffix, left + suffix);
      database.close();
      for (const suffix of ['', '-wal']) renameSync(left + suffix, file + suffix);
    },
    spoil(page: number): void {
      const handle = openSync(file, 'r+');
      writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
      closeSync(handle);
    },
  };
}

function malformed(): never {
  throw Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' });
}

describe('a file that turns out to be damaged when it is opened', () => {
  it('stays if it is whole the second time, as after a read that the disk has failed', () => {
    const { reasons, start } = rig();

    expect(start([malformed])).toBe(ROWS);
    expect(reasons).toEqual([]);
  });

  it('twin: is replaced if it is not', () => {
    const { reasons, start } = rig();

    expect(start([malformed, malformed])).toBe(0);
    expect(reasons).toEqual(['database disk image is malformed']);
  });
});

describe('damage that is met while running', () => {
  it('is noted for the next start, and a disk that does not take the note hides no damage', () => {
    const { file } = rig();
    const refused = join(tempDir(), 'outbox.db');
    mkdirSync(`${refused}.suspect`);

    noteDamage(file, new Error('malformed'));

    expect(isSuspect(file)).toBe(true);
    expect(() => noteDamage(refused, new Error('malformed'))).not.toThrow();
  });

  it('is looked for by the next start, which keeps a file that is whole', () => {
    const { file, reasons, start } = rig();
    noteDamage(file, new Error('malformed'));

    expect(start()).toBe(ROWS);
    expect(reasons).toEqual([]);
    expect(isSuspect(file)).toBe(false);
  });

  it('twin: and replaces one that is not, although it can be opened', () => {
    const { file, reasons, start, spoil } = rig();
    spoil(12);
    noteDamage(file, new Error('malformed'));

    expect(start()).toBe(0);
    expect(reasons).toHaveLength(1);
    expect(isSuspect(file)).toBe(false);
  });

  it('is believed if it is met again in a file that was found whole', () => {
    const { file, reasons, start } = rig();
    noteDamage(file, new Error('malformed'));
    start();
    noteDamage(file, new Error('malformed'));

    expect(start()).toBe(0);
    expect(reasons).toEqual(['it was found damaged while running']);
    // The fresh file has a good name.
    expect(existsSync(join(dirname(file), 'rows.db.acquitted'))).toBe(false);
  });
});

describe('a file whose program was stopped in good order', () => {
  it('is not read through for a log that a look has left, in which nothing is', () => {
    const { file, options, checked, start } = rig();
    const look = openDatabaseReadOnly(options);
    look.close();
    const left = statSync(`${file}-wal`).size;

    expect(start()).toBe(ROWS);
    expect(left).toBe(0);
    expect(checked).toEqual([]);
  });

  it('twin: is read through for one in which something is', () => {
    const { file, checked, start, cutOff } = rig();
    cutOff();
    const bytes = [statSync(`${file}-wal`).size, statSync(file).size];

    expect(start()).toBe(ROWS + 3);
    expect(checked).toEqual(bytes);
  });
});

/** In the page of the first frame of the log. */
const IN_FIRST_FRAME = 100;

function spoilLog(file: string, at: number): void {
  const log = readFileSync(`${file}-wal`);
  writeFileSync(`${file}-wal`, log.fill(0xa5, at, at + 8));
}

describe('a file that is too large to be read through after an unclean stop', () => {
  it('is set aside if its log is damaged before its last commit, which SQLite would forget', () => {
    const { file, reasons, start, cutOff } = rig({ checkBytesMax: 1 });
    cutOff();
    spoilLog(file, IN_FIRST_FRAME);

    expect(start()).toBe(0);
    expect(reasons).toEqual(['its write-ahead log is damaged before its last commit']);
  });

  it('stays, without its last commit, if that may have been cut off by what stopped it', () => {
    const { file, reasons, start, cutOff } = rig({ checkBytesMax: 1 });
    cutOff();
    spoilLog(file, statSync(`${file}-wal`).size - 8);

    expect(start()).toBe(ROWS + 2);
    expect(reasons).toEqual([]);
  });

  it('twin: stays if its log is whole, and only that was read', () => {
    const { file, checked, reasons, start, cutOff } = rig({ checkBytesMax: 1 });
    cutOff();
    const logBytes = statSync(`${file}-wal`).size;

    expect(start()).toBe(ROWS + 3);
    expect(reasons).toEqual([]);
    expect(checked).toEqual([logBytes]);
  });
});
