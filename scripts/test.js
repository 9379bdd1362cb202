// @ts-check
/**
 * `npm test`, and `npm run test:NAME` for one suite: sets the clone up, runs the suites one after the
 * other, and closes with `N passed, N failed`, after the reason for every test that was skipped. The
 * exit code is 0 only if something ran and nothing failed, a crash of the runner included; 77, as make and
 * others have it, if this machine can run none of it, so that a CI tells that from both.
 */

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.js';

const EXIT_USAGE = 64;
const EXIT_ALL_SKIPPED = 77;

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
  terminal: ['test/terminal'],
  e2e: ['test/e2e'],
  incident: ['test/incident'],
  // It has a process for each core.
  sim: ['test/sim/sim.test.ts', 'test/sim/crew.test.ts', 'test/sim/mutants.test.ts', '--no-file-parallelism'],
  // The same, for many minutes.
  mutants: ['test/sim/mutant-hunt.test.ts'],
  // As fast as the machine lets it: each of its programs has a core.
  fuzz: ['test/fuzz', '--no-file-parallelism'],
  crash: ['test/crash'],
  faults: ['test/faults'],
  // A share of its loops; `npm run test:nth` runs all of them.
  nth: ['test/nth'],
  // Each file has a database server of its own.
  postgres: ['test/postgres'],
  // Each boots several machines at once, most of which wait for something: two files at a time.
  systemd: ['test/systemd'],
  // One machine at a time: each has two cores.
  vm: ['test/vm', '--no-file-parallelism'],
};

/** Run when they are named: a clone should be tested in a minute or two. */
const BY_NAME = ['mutants', 'crash', 'vm', 'systemd', 'postgres'];

/**
 * Those that wait for real programs, by a real clock. With `TEST_SECOND_LOOK=yes`, for machines that stand still for
 * seconds because others use them, a test of these that fails beside others is run once more with the machine to
 * itself, and only what fails twice has failed.
 */
const BY_REAL_CLOCK = ['process', 'terminal', 'e2e', 'incident', 'faults', 'systemd', 'vm'];

/** More than a machine that stands still fails: then something is broken. */
const SECOND_LOOKS_MAX = 8;

/** In a file that draws numbers: what it finds it may never find again, and gets no second look. */
const DRAWS = /createSeededRandom|randomInt|Math\.random|fast-check/;

/** Those that need a disk under their files: their machines and cards lie on it. */
const ON_DISK = ['crash', 'vm'];

const SHARED_MEMORY = '/dev/shm';
/** What the files of a suite may come to, several times over; a machine with less to spare keeps them on its disk. */
const MEMORY_FREE_MIN_BYTES = 4 * 1_073_741_824;

/** @typedef {{ file: string, test?: string, why: string }} Failure */
/** @typedef {{ passed: number, failed: number, skips: string[], failures: Failure[] }} Count */

await runMain(async () => {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) {
    console.error(`There is no suite "${unknown}". The suites are: ${Object.keys(SUITES).join(', ')}.`);
    return EXIT_USAGE;
  }
  await setUp();
  /** @type {Count} */
  const total = { passed: 0, failed: 0, skips: [], failures: [] };
  const usual = Object.keys(SUITES).filter((name) => !BY_NAME.includes(name));
  for (const name of names.length > 0 ? names : usual) {
    console.log(`\nSuite ${name}`);
    const count = await lookedAt(name);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skips.push(...count.skips);
    total.failures.push(...count.failures);
    // For who must end this before it is through: what is known so far.
    console.log(`so far: ${total.passed} passed, ${total.failed} failed`);
  }
  for (const skip of total.skips) console.log(`skipped: ${skip}`);
  for (const failure of total.failures) console.log(`failed: ${wordsOf(failure)}`);
  const skipped = total.skips.length > 0 ? `, ${total.skips.length} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  if (total.failed > 0) return 1;
  if (total.passed > 0) return 0;
  return total.skips.length > 0 ? EXIT_ALL_SKIPPED : 1;
});

/**
 * @param {string} name
 * @returns {Promise<Count>}
 */
async function lookedAt(name) {
  const within = ON_DISK.includes(name) ? tmpdir() : quickestDir();
  const first = await runSuite(SUITES[name] ?? [], within);
  const wanted = process.env.TEST_SECOND_LOOK === 'yes' && BY_REAL_CLOCK.includes(name);
  const { length } = first.failures;
  // What failed without a name is the runner, or has never ended.
  if (!wanted || length === 0 || length > SECOND_LOOKS_MAX || length < first.failed) return first;
  if (first.failures.some(({ file }) => DRAWS.test(readFileSync(join(ROOT, file), 'utf8')))) return first;
  return await lookedAtAgain(first, within);
}

/**
 * @param {Count} first
 * @param {string} within
 * @returns {Promise<Count>}
 */
async function lookedAtAgain({ passed, skips, failures }, within) {
  console.log(`\nSecond look at what failed: ${failures.length}`);
  const files = new Set(failures.map(({ file }) => file));
  const alone = ['--no-file-parallelism', '--maxConcurrency=1'];
  const second = await runSuite([...files, ...alone, ...narrowedTo(failures)], within);
  if (second.passed + second.failed < failures.length)
    throw new Error('the second look did not find what it was to look at');
  const unsteady = failures.filter((one) => !second.failures.some((again) => isSame(one, again)));
  for (const failure of unsteady) console.log(`unsteady, passed at the second look: ${wordsOf(failure)}`);
  const failed = Math.max(second.failed, failures.length - unsteady.length);
  return { passed: passed + failures.length - failed, failed, skips, failures: second.failures };
}

/** A file that failed as a whole is run as a whole. */
function narrowedTo(/** @type {readonly Failure[]} */ failures) {
  const names = failures.flatMap(({ test }) => test ?? []);
  if (names.length < failures.length) return [];
  // The reporter joins names with " > ", the option `-t` looks for them joined with a space.
  const patterns = names.map((name) =>
    name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' > ', ' (> )?'),
  );
  return ['-t', `(${patterns.join('|')})$`];
}

function isSame(/** @type {Failure} */ one, /** @type {Failure} */ other) {
  return one.file === other.file && one.test === other.test;
}

function wordsOf(/** @type {Failure} */ { file, test, why }) {
  return `${file}${test === undefined ? '' : ` "${test}"`}: ${why}`;
}

/** Where a sync waits for no disk: thousands of databases are made, and a test of what a sync is for brings its own. */
function quickestDir() {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize < MEMORY_FREE_MIN_BYTES ? tmpdir() : SHARED_MEMORY;
  } catch {
    return tmpdir();
  }
}

/**
 * @param {readonly string[]} paths
 * @param {string} within
 * @returns {Promise<Count>}
 */
async function runSuite(paths, within) {
  const dir = mkdtempSync(join(within, 'sensorgw-tests-'));
  // Some tests have programs of other users in it.
  chmodSync(dir, 0o1777);
  const file = join(dir, 'count.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=./scripts/final-line.ts', ...paths];
  const code = await new Promise((resolve) => {
    spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, TMPDIR: dir, TEST_COUNT_FILE: file },
    }).once('exit', resolve);
  });
  const count = readCount(file);
  // What a failed test has kept is to be looked at.
  if (count.failed === 0) rmSync(dir, { recursive: true, force: true });
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
    return { passed: 0, failed: 1, skips: [], failures: [] };
  }
}
