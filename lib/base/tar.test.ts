import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { tarOf } from './tar.ts';

it('is understood by tar, whatever the lengths of the texts', () => {
  const dir = tempDir();
  const texts = ['', 'x', 'ü'.repeat(256), 'y'.repeat(511), 'z'.repeat(512), 'w'.repeat(5_000)];
  const entries = texts.map((text, i) => ({ name: `report/part-${i}.txt`, text }));

  writeFileSync(join(dir, 'a.tar'), tarOf(entries, Date.UTC(2026, 0, 15)));
  execFileSync('tar', ['-xf', join(dir, 'a.tar'), '-C', dir]);

  expect(entries.map(({ name }) => readFileSync(join(dir, name), 'utf8'))).toEqual(texts);
});

it('refuses a name that does not fit', () => {
  expect(() => tarOf([{ name: 'x'.repeat(100), text: '' }], 0)).toThrow(RangeError);
});
