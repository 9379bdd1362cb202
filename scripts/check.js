// @ts-check
/**
 * `npm run check`: the fast answer to "is it fine?", in under half a minute: types, format and lint,
 * unused files and exports, and the rules of the house. Closes with `N passed, N failed`, one for
 * each step.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.js';

/** @type {readonly (readonly [name: string, command: string, ...args: string[]])[]} */
const STEPS = [
  ['types', 'typescript/bin/tsc', '--noEmit', '-p', '.'],
  ['format and lint', '@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '.'],
  ['nothing unused', 'knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'],
  ['rules of the house', 'vitest/vitest.mjs', 'run', 'test/tidy.test.ts'],
];

await runMain(async () => {
  await setUp();
  let failed = 0;
  for (const [name, command, ...args] of STEPS) {
    const startedAt = Date.now();
    const { code, output } = await run(join(ROOT, 'node_modules', command), args);
    if (code !== 0) failed += 1;
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    if (code !== 0) console.log(output);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  }
  console.log(`${STEPS.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});

/**
 * Runs one tool and keeps what it says, which only matters if it fails.
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(script, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
