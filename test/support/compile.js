// @ts-check
/**
 * Compiles TypeScript that is not part of the product, and what it imports, into a directory of its own:
 * Node 20 cannot run it as it is. Plain JavaScript, so that a script can use it as well as a test.
 */

import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Takes about a second. Each compiled file lies under its own path in `dir`, an existing directory, with
 * the packages of this project within reach. Throws with the compiler's words.
 * @param {string} dir
 * @param {readonly string[]} files
 */
export function compileInto(dir, files) {
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        outDir: dir,
        rootDir: ROOT,
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      include: [],
      files: files.map((file) => join(ROOT, file)),
    }),
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', dir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${files.join(', ')} does not compile:\n${stdout}`);
}
