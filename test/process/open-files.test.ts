/**
 * Both programs start where a unit allows them 64 open files. Node opens the modules of an import all at
 * once, so that a dependency with many of them would end the start, and only on machines with such a limit.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
/** As 20 does, and 22 and 24 do not. */
const OPENS_AT_ONCE = Number.parseInt(process.versions.node, 10) < 22;
const LIMITED = ['--nofile=64', process.execPath];

test.each(['sensor-main', 'sensor-api-write'])('%s starts with 64 open files', async (name) => {
  const program = startCommand('prlimit', [...LIMITED, join(ROOT, `dist/src/${name}.js`), '--version']);

  expect(await program.exited, program.lastWords()).toEqual({ code: 0, signal: null });
});

test('twin: an import of the reader as it is does not', async (context) => {
  if (!OPENS_AT_ONCE) context.skip('this Node opens the modules of an import one after the other');
  const script = join(tempDir(), 'import.mjs');
  writeFileSync(script, `await import(${JSON.stringify(join(ROOT, 'dist/src/wiring/reader.js'))})`);

  const program = startCommand('prlimit', [...LIMITED, script]);

  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.lastWords()).toContain('EMFILE');
});
