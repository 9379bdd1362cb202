import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { isSuspect, moveAside, noteDamage, openOrReplace } from './damaged-file.ts';
import { openDatabase } from './sqlite.ts';

const ROWS = 2_000;
const PAGE_BYTES = 4_096;

/** A file with some pages of rows, and a program that opens it as ours do. */
function rig() {
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
  return {
    file,
    reasons,
    /** How many rows there are after a start. `opened`: what comes of opening it, one after the other. */
    start(opened: (() => void)[] = []): number {
      const database = openOrReplace(
        { file, checkedWhole: ['rows'] },
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
