import { chownSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { belongLike } from './file-owner.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** A data directory of nobody's, and a secret of root's beside it. */
function setUp() {
  const top = tempDir();
  const [dataDir, secret] = [join(top, 'data'), join(top, 'secret')];
  mkdirSync(dataDir);
  chownSync(dataDir, NOBODY, NOBODY);
  writeFileSync(secret, 'secret', { mode: 0o600 });
  return { top, dataDir, secret };
}

test.skipIf(!isRoot)('what root makes in the directory of a user belongs to that user', () => {
  const { top, dataDir } = setUp();
  const [dir, file] = [join(dataDir, 'backups'), join(dataDir, 'backups/copy.db')];
  mkdirSync(dir);
  writeFileSync(file, '');
  symlinkSync(dataDir, join(top, 'another-way'));

  for (const path of [dir, file]) belongLike(path, join(top, 'another-way'));

  expect([dir, file].map((path) => statSync(path).uid)).toEqual([NOBODY, NOBODY]);
});

const LINKS: readonly (readonly [what: string, link: (dataDir: string, secret: string) => string])[] = [
  [
    'a link',
    (dataDir, secret) => {
      symlinkSync(secret, join(dataDir, 'sensor-main.lock'));
      return join(dataDir, 'sensor-main.lock');
    },
  ],
  [
    'a second name',
    (dataDir, secret) => {
      linkSync(secret, join(dataDir, 'sensor-main.lock'));
      return join(dataDir, 'sensor-main.lock');
    },
  ],
  [
    'a directory that is a link',
    (dataDir, secret) => {
      symlinkSync(join(secret, '..'), join(dataDir, 'backups'));
      return join(dataDir, 'backups/secret');
    },
  ],
];

test.for(LINKS)('%s in its place gives that user no file of root’s', ([_what, link], context) => {
  if (!isRoot) context.skip('only root can give a file away');
  const { dataDir, secret } = setUp();
  const path = link(dataDir, secret);

  belongLike(path, dataDir);

  const after = statSync(secret).uid;
  chownSync(path, NOBODY, NOBODY);
  // Twin: who follows the link gives it away.
  expect([after, statSync(secret).uid]).toEqual([0, NOBODY]);
});
