import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { unusableDir } from './disk-condition.ts';

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

it('a file of another user is no bug: the directory is named, and what to look at', () => {
  const file = join(tempDir(), 'test.db');
  new Database(file).exec('CREATE TABLE notes (id INTEGER)').close();
  const database = new Database(file, { readonly: true });
  const refused = thrownBy(() => database.exec('INSERT INTO notes VALUES (1)'));
  database.close();

  expect(unusableDir('/data', refused)).toMatchObject({
    code: 'SGW_DATA_DIR_UNUSABLE',
    exitCode: 73,
    message: 'cannot write in /data: attempt to write a readonly database',
    hint: expect.stringContaining('df -h'),
  });
});

it('whatever the disk is not to blame for stays as it is', () => {
  const bug = new TypeError('x is not a function');

  expect(unusableDir('/data', bug)).toBe(bug);
});

it('a file that could not be written for the disk is told as a database is', () => {
  const full = thrownBy(() => writeFileSync('/dev/full', 'x'));

  expect(unusableDir('/data', full)).toMatchObject({
    code: 'SGW_DATA_DIR_UNUSABLE',
    message: expect.stringContaining('cannot write in /data: ENOSPC'),
  });
});

it('a port that is refused is not the fault of the disk', () => {
  const refused = Object.assign(new Error('listen EACCES'), { code: 'EACCES', syscall: 'listen' });

  expect(unusableDir('/data', refused)).toBe(refused);
});
