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
 * Takes less than a second. Each compiled file lies under its own path in `dir`, an existing directory, with
 * the packages of this project within reach. Throws with the compiler's words for what cannot be compiled.
 * @param {string} dir
 * @param {readonly string[]} files
 * @param {string} root  Another tree than this, with the same packages.
 */
export function compileInto(dir, files, root = ROOT) {
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        // `npm run check` looks at the types; here that would be five sixths of the time, and 400 MB more.
        noCheck: true,
        outDir: dir,
        rootDir: root,
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      // What declares modules is imported by nobody.
      include: [join(root, 'lib/**/*.d.ts')],
      files: files.map((file) => join(root, file)),
    }),
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', dir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${files.join(', ')} does not compile:\n${stdout}`);
}
