// @ts-check
/**
 * `npm test`, and `npm run test:NAME` for one suite: sets the clone up, runs the suites one after the
 * other, and closes with `N passed, N failed`, after the reason for every test that was skipped. The
 * exit code is 0 only if something ran and nothing failed, a crash of the runner included.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.js';

const EXIT_USAGE = 64;

/**
 * Every suite, in the order of `npm test`, which leaves out those that take minutes. The later ones
 * start the built programs as children, so they get the machine to themselves.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const SUITES = {
  unit: [
    'lib',
    'src',
    'test/contract',
    'test/clock',
    'test/support',
    'test/tidy.test.ts',
    'test/units.test.ts',
  ],
  process: ['test/process'],
  e2e: ['test/e2e'],
  incident: ['test/incident'],
  crash: ['test/crash'],
  faults: ['test/faults'],
  // Each boots several machines at once, most of which wait for something: two files at a time.
  systemd: ['test/systemd'],
  // One machine at a time: each has two cores.
  vm: ['test/vm', '--no-file-parallelism'],
};

/** Run when they are named: a clone should be tested in a minute or two. */
const BY_NAME = ['crash', 'vm', 'systemd'];

/** @typedef {{ passed: number, failed: number, skips: string[] }} Count */

await runMain(async () => {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) {
    console.error(`There is no suite "${unknown}". The suites are: ${Object.keys(SUITES).join(', ')}.`);
    return EXIT_USAGE;
  }
  await setUp();
  /** @type {Count} */
  const total = { passed: 0, failed: 0, skips: [] };
  const usual = Object.keys(SUITES).filter((name) => !BY_NAME.includes(name));
  for (const name of names.length > 0 ? names : usual) {
    console.log(`\nSuite ${name}`);
    const count = await runSuite(SUITES[name] ?? []);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skips.push(...count.skips);
  }
  for (const skip of total.skips) console.log(`skipped: ${skip}`);
  const skipped = total.skips.length > 0 ? `, ${total.skips.length} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

/**
 * @param {readonly string[]} paths
 * @returns {Promise<Count>}
 */
async function runSuite(paths) {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-count-'));
  const file = join(dir, 'count.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=./scripts/final-line.ts', ...paths];
  const code = await new Promise((resolve) => {
    spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, TEST_COUNT_FILE: file },
    }).once('exit', resolve);
  });
  const count = readCount(file);
  rmSync(dir, { recursive: true, force: true });
  // The runner failed and no test did: it crashed, or it found nothing to run. Either is a failure.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/**
 * @param {string} file
 * @returns {Count}
 */
function readCount(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skips: [] };
  }
}
