// @ts-check
/**
 * `npm run incident`: sets the clone up, compiles the replay, which is no part of the product and
 * therefore not in `dist`, and runs it. `--help` says what it does.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, runMain, setUp } from '../../scripts/setup.js';
import { compileInto } from '../support/compile.js';

const HERE = 'test/incident';

await runMain(async () => {
  await setUp();
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  try {
    compileInto(dir, [`${HERE}/main.ts`, `${HERE}/old-reader.ts`]);
    /** @type {typeof import('./main.ts')} */
    const { main } = await import(pathToFileURL(join(dir, HERE, 'main.js')).href);
    const oldReader = join(dir, HERE, 'old-reader.js');
    return await main({ root: ROOT, oldReader, args: process.argv.slice(2) });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
