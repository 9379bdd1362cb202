// @ts-check
/**
 * A suite that takes arguments (`npm run test:vm -- --cuts 12`): reads them, hands them to the tests in the
 * environment, because a test takes none, and runs the suite. However the launcher itself ends, a kill -9
 * included, everything that the suite has started ends with it, virtual machines above all.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, runMain } from '../../scripts/setup.js';

const EXIT_USAGE = 64;

/**
 * @typedef {object} Launch
 * @property {string} suite  One of scripts/test.js.
 * @property {string} usage  For `--help`, and after a mistake.
 * @property {Readonly<Record<string, { variable: string, default: number | undefined }>>} numbers
 *   Whole numbers from 1, by the names of their arguments. Without a default: another one each time.
 */

/** Runs the suite of `launch` and ends with its exit code. */
export async function launchSuite(/** @type {Launch} */ launch) {
  await runMain(async () => {
    const environment = readArguments(launch);
    if (typeof environment === 'string') {
      console.error(`${environment}\n\n${launch.usage}`);
      return EXIT_USAGE;
    }
    if (environment === undefined) {
      console.log(launch.usage);
      return 0;
    }
    console.log(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    );
    return await runSuite(launch.suite, environment);
  });
}

/**
 * A sentence if the arguments are wrong; `undefined` if help is wanted.
 * @param {Launch} launch
 * @returns {Record<string, string> | string | undefined}
 */
function readArguments({ numbers }) {
  try {
    const { values } = parseArgs({
      options: {
        ...Object.fromEntries(
          Object.keys(numbers).map((name) => [name, { type: /** @type {const} */ ('string') }]),
        ),
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return undefined;
    /** @type {Record<string, unknown>} */
    const given = values;
    /** @type {Record<string, string>} */
    const environment = {};
    for (const [name, { variable, default: usual }] of Object.entries(numbers)) {
      const value = given[name] ?? String(usual ?? 1 + (Date.now() % 1_000_000));
      if (!/^[1-9]\d{0,8}$/.test(String(value)))
        return `--${name} must be a whole number from 1, not "${value}".`;
      environment[variable] = String(value);
    }
    return environment;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {string} suite
 * @param {Record<string, string>} environment
 * @returns {Promise<number>}
 */
function runSuite(suite, environment) {
  // A group of its own, so that one signal reaches the runner, its workers and their machines.
  const child = spawn(process.execPath, [join(ROOT, 'scripts/test.js'), suite], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
    detached: true,
  });
  // Waits for the end of a pipe that only we hold open: nothing else notices a kill -9.
  const guard = spawn('sh', ['-c', 'read -r _; kill -s KILL -- "-$1"', 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => guard.stdin.end());
  }
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      guard.kill('SIGKILL');
      resolve(code ?? 1);
    });
  });
}
