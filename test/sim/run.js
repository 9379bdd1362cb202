// @ts-check
/**
 * `npm run sim`: compiles the simulation, which is no part of the product, and runs as many seeds as are wanted on all
 * cores. Closes with `N passed, N failed`, a seed each. `--help` says what it takes.
 */

import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runMain, setUp } from '../../scripts/setup.js';
import { compileInto } from '../support/compile.js';
import { runSeeds, WORKER } from './crew.js';

/** @typedef {import('./run-seed.ts').RunResult} RunResult */
/** @typedef {{ from: number, seeds: number, days: number, show: boolean, json: boolean }} Options */

const USAGE = `Usage: npm run sim [-- --seeds N] [--days N] [--from N] [--json]
       npm run sim -- --seed N [--days N] [--trace] [--json]

Runs whole gateways (reader, write API, perhaps a collector, their network, sensors, clocks and disks) in one process
on virtual time, through faults that a seed decides, and holds them to the promise after each event. One line for
each seed; the same seed has the same trace. Exit code 1 if a promise was broken. docs/simulation.md says more.

  --seeds N  how many (default 100)
  --days N   virtual days of faults for each (default 30)
  --from N   the first seed, and then one after the other (default: another one each time)
  --seed N   this one alone
  --trace    print each line of its history
  --json     a JSON object for each seed, and one for the sum`;

const EXIT_USAGE = 64;
/** As a shell has it for an interrupt. */
const EXIT_INTERRUPTED = 130;

/**
 * A sentence if the arguments are wrong; `undefined` if help is wanted.
 * @returns {Options | string | undefined}
 */
function readArguments() {
  const text = { type: /** @type {const} */ ('string') };
  const flag = { type: /** @type {const} */ ('boolean'), default: false };
  try {
    const { values } = parseArgs({
      options: {
        seeds: text,
        days: text,
        from: text,
        seed: text,
        trace: flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    });
    if (values.help) return undefined;
    for (const name of /** @type {const} */ (['seeds', 'days', 'from', 'seed'])) {
      const value = values[name];
      if (value !== undefined && !/^[1-9]\d{0,8}$/.test(value))
        return `--${name} must be a whole number from 1, not "${value}".`;
    }
    const { seed, seeds, from } = values;
    if (seed !== undefined && (seeds ?? from) !== undefined)
      return '--seed is one seed alone: leave --seeds and --from out.';
    if (values.trace && seed === undefined) return '--trace shows one seed: say which one with --seed.';
    return {
      from: Number(seed ?? from ?? randomInt(1, 100_000_000)),
      seeds: seed === undefined ? Number(seeds ?? 100) : 1,
      days: Number(values.days ?? 30),
      show: values.trace,
      json: values.json,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

await runMain(async () => {
  const options = readArguments();
  if (options === undefined) console.log(USAGE);
  else if (typeof options === 'string') console.error(`${options}\n\n${USAGE}`);
  else return await simulate(options);
  return options === undefined ? 0 : EXIT_USAGE;
});

/** @param {Options} options */
async function simulate(options) {
  await setUp();
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  const interrupt = new AbortController();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => interrupt.abort());
  // Whoever read this has seen enough of it.
  process.stdout.on('error', () => interrupt.abort());
  try {
    compileInto(dir, [WORKER]);
    return await runAll(dir, options, interrupt.signal);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * @param {string} dir
 * @param {Options} options
 * @param {AbortSignal} signal
 */
async function runAll(dir, options, signal) {
  const { days, json } = options;
  const startedMs = Date.now();
  let [passed, failed] = [0, 0];
  await runSeeds({
    dir,
    jobs: jobsOf(options),
    signal,
    onResult(result) {
      if (result.problems.length === 0) passed += 1;
      else failed += 1;
      // Its lines are on the screen already.
      const { tail: _, ...rest } = result;
      if (json) console.log(JSON.stringify(rest));
      else console.log(wordsOf(result));
    },
  });
  const seconds = (Date.now() - startedMs) / 1_000;
  const virtualDays = (passed + failed) * days;
  const daysAMinute = Math.round((virtualDays / seconds) * 60);
  const sum = {
    seeds: passed + failed,
    failed,
    virtualDays,
    seconds: Number(seconds.toFixed(1)),
    daysAMinute,
  };
  if (json) console.log(JSON.stringify(sum));
  else {
    console.log(
      `${sum.seeds} seeds, ${virtualDays} virtual days in ${sum.seconds} s: ${daysAMinute} virtual days a minute`,
    );
    console.log(`${passed} passed, ${failed} failed`);
  }
  if (signal.aborted) return EXIT_INTERRUPTED;
  return failed === 0 ? 0 : 1;
}

/** @param {Options} options */
function* jobsOf({ from, seeds, days, show }) {
  for (let seed = from; seed < from + seeds; seed += 1) yield { seed, days, show };
}

/** @param {RunResult} result */
function wordsOf(result) {
  const { seed, days, trace, audit, faults, problems } = result;
  const counts =
    audit === undefined
      ? 'did not come to its end'
      : `${audit.accepted} accepted, ${audit.stored} stored, ${audit.named} named`;
  const line = `seed ${seed}  ${days} days  trace ${trace || '-'}  ${counts}; ${faults.join(', ')}`;
  if (problems.length === 0) return line;
  return [
    line,
    ...problems.map((problem) => `  BROKEN: ${problem}`),
    `  what came before it: ${keepTail(result)}`,
    `  all of it: npm run sim -- --seed ${seed} --days ${days} --trace`,
  ].join('\n');
}

/** @param {RunResult} result */
function keepTail({ seed, days, problems, tail }) {
  const file = join(tmpdir(), `sensorgw-sim-seed-${seed}-days-${days}.txt`);
  writeFileSync(file, `${[...tail, '', ...problems].join('\n')}\n`);
  return file;
}
