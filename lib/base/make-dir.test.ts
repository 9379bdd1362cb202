import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noSmallDisk, smallDisk } from '../../test/support/small-disk.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { codeOf } from './errors.ts';
import { makeDir } from './make-dir.ts';

const MODE = 0o750;

function codeThrownBy(call: () => void): string | undefined {
  try {
    call();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe('a directory that is asked for', () => {
  it('is made with all that is missing above it, with its mode, and is left alone when it is there', () => {
    const top = join(tempDir(), 'a');
    const dir = join(top, 'b', 'c');

    makeDir(dir, MODE);
    makeDir(dir, 0o777);

    expect([top, dir].map((one) => statSync(one).mode & 0o777)).toEqual([MODE, MODE]);
  });

  it.each([
    ['a file', (path: string) => writeFileSync(path, '')],
    ['a link to nowhere', (path: string) => symlinkSync('nowhere', path)],
  ])('is refused where %s is in its place', (_what, put) => {
    const path = join(tempDir(), 'taken');
    put(path);

    expect(codeThrownBy(() => makeDir(path, MODE))).toBe('EEXIST');
  });
});

const why = noSmallDisk();

describe.skipIf(why !== undefined)(`on a read-only disk${why === undefined ? '' : ` (${why})`}`, () => {
  it('it is refused because of the disk', () => {
    const disk = smallDisk('ext4', { mib: 8 });
    disk.abort();

    expect(codeThrownBy(() => makeDir(join(disk.dir, 'a', 'b'), MODE))).toBe('EROFS');
  });
});
