// @ts-check
/**
 * Brings a clone to the point where its programs can run: the right Node, the dependencies of the
 * lockfile, a fresh build. Everything already in place is left alone, so this costs about a second the
 * second time. Plain JavaScript without a dependency, because it runs before there is one; it never
 * asks anything, and downloads through npm and apt only.
 */

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** From sysexits.h, as everywhere in this project. */
const EXIT_UNAVAILABLE = 69;
const EXIT_CONFIG = 78;

/** The oldest Node that the dependencies of this project support; Debian 13 ships it. */
const NODE_MIN = [20, 19];

/** Long enough not to chatter, short enough that nobody thinks that it hangs. */
const STILL_WORKING_MS = 20_000;

/** What `npx sensorctl` and systemd start. */
const PROGRAMS = ['sensor-main', 'sensor-api-write', 'sensor-monitor', 'sensorctl'];

/** On standard error: what a script prints for programs stays clean. */
function say(/** @type {string} */ line) {
  console.error(line);
}

/** A failure that has been worded for a person; its `exitCode` is how the script ends. */
export class SetupError extends Error {
  /**
   * @param {number} exitCode
   * @param {string} message
   */
  constructor(exitCode, message) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Installs and builds whatever is missing or stale. Throws a `SetupError` that says what to do. */
export async function setUp() {
  assertNode();
  await installDependencies();
  await build();
}

/** Runs a script's `main` and ends with its exit code; a `SetupError` is printed without a stack. */
export async function runMain(/** @type {() => Promise<number>} */ main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = error.exitCode;
  }
}

function assertNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  throw new SetupError(
    EXIT_CONFIG,
    `Node ${NODE_MIN.join('.')} or newer is needed; this is ${process.versions.node}.\n` +
      'Debian 13 and Raspberry Pi OS trixie have it: sudo apt-get install nodejs npm',
  );
}

async function installDependencies() {
  if (!dependenciesCurrent()) {
    provideSystemdHeaders();
    say('Installing the dependencies (npm ci). The first time compiles SQLite: one or two minutes');
    say('on a PC, up to a quarter of an hour on a small Pi.');
    const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], nodeHeaders());
    if (code !== 0)
      throw new SetupError(EXIT_UNAVAILABLE, `npm ci failed (exit code ${code}).${toolsHint()}`);
  }
  if (whySqliteFails() !== undefined) {
    say('Compiling SQLite for this version of Node (npm rebuild better-sqlite3).');
    const args = ['rebuild', 'better-sqlite3', '--no-audit', '--no-fund', '--loglevel=error'];
    const code = await run('npm', args, nodeHeaders());
    if (code !== 0) throw new SetupError(EXIT_UNAVAILABLE, `SQLite could not be compiled.${toolsHint()}`);
    const reason = whySqliteFails();
    if (reason !== undefined) {
      throw new SetupError(
        EXIT_UNAVAILABLE,
        `SQLite was compiled, but Node ${process.versions.node} cannot load it: ${reason}\n` +
          'Were the headers of another Node used? See: npm config get nodedir',
      );
    }
  }
}

/**
 * Whether node_modules holds what the lockfile says. Compares contents, not times: a checkout touches
 * files without changing them. npm writes its own record last, so an interrupted install has none.
 */
function dependenciesCurrent() {
  const wanted = readPackages('package-lock.json');
  const present = readPackages('node_modules/.package-lock.json');
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const installed = present[path];
    // An optional package may be for another kind of machine, or could not be compiled on this one.
    return installed === undefined ? optional === true : installed.version === version;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** `undefined` if it loads. In a process of its own: an addon for another Node may end the process that loads it. */
function whySqliteFails() {
  const probe = "new (require('better-sqlite3'))(':memory:').close()";
  const { status, stderr } = spawnSync(process.execPath, ['-e', probe], { cwd: ROOT, encoding: 'utf8' });
  if (status === 0) return undefined;
  return /^\w*Error: (?:.|\n(?! +at ))*/m.exec(stderr)?.[0] ?? `exit code ${status}`;
}

/**
 * The sd-notify addon compiles against libsystemd. It is optional outside systemd: as root we install
 * the headers and say so; otherwise we say how, and go on without.
 */
function provideSystemdHeaders() {
  if (existsSync('/usr/include/systemd/sd-daemon.h')) return;
  const command = 'apt-get install -y --no-install-recommends libsystemd-dev';
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    say(`Without libsystemd-dev the programs run, but not as systemd services. To add it:`);
    say(`  sudo ${command} && npm ci`);
    return;
  }
  say(`Installing libsystemd-dev for the systemd watchdog: ${command}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Exactly the failure of a machine whose package lists are empty or old is mended by an update.
  const script = `${command} -qq >/dev/null 2>&1 || { apt-get update -qq && ${command} -qq; } >/dev/null 2>&1`;
  const { status } = spawnSync('sh', ['-c', script], { stdio: 'ignore', env });
  if (status !== 0) say('That did not work; going on without it (only needed under systemd).');
}

/**
 * Headers that came with this Node, so that node-gyp need not download any. npm 11 warns about unknown
 * `npm_config_*` variables and understands another name; older ones know only the first.
 */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include/node/node_version.h'))) return {};
  const npmMajor = Number(/^npm\/(\d+)/.exec(process.env.npm_config_user_agent ?? '')?.[1] ?? 0);
  return npmMajor >= 11 ? { npm_package_config_node_gyp_nodedir: prefix } : { npm_config_nodedir: prefix };
}

function toolsHint() {
  const missing = ['make', 'g++', 'python3'].filter((tool) => !onPath(tool));
  if (missing.length === 0) return '\nThe messages above say why; is the package registry within reach?';
  return `\nMissing: ${missing.join(', ')}. To add them: sudo apt-get install build-essential python3`;
}

/** @param {string} command */
function onPath(command) {
  return (process.env.PATH ?? '').split(':').some((dir) => dir !== '' && existsSync(join(dir, command)));
}

/** Compiles what has changed; about a second when nothing has. Throws a `SetupError` on a type error. */
export async function build() {
  // The compiler remembers what it wrote and would not write it again after somebody deleted it.
  if (PROGRAMS.some((name) => !existsSync(join(ROOT, `dist/src/${name}.js`)))) {
    rmSync(join(ROOT, 'dist/.tsbuildinfo'), { force: true });
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const code = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  if (code !== 0) throw new SetupError(1, 'The build failed; the compiler says why above.');
  // npm marks a program as executable when it installs a package, not when the package builds itself.
  for (const name of PROGRAMS) {
    const file = join(ROOT, `dist/src/${name}.js`);
    if (existsSync(file)) chmodSync(file, 0o755);
  }
}

/**
 * Runs a command with our output as its own, and now and then says that it is still at work.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<number>}
 */
function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ...env },
    });
    const timer = setInterval(() => {
      say(`  still at work (${Math.round((Date.now() - startedAt) / 1000)} s)`);
    }, STILL_WORKING_MS);
    child.once('error', (error) => {
      clearInterval(timer);
      reject(new SetupError(EXIT_UNAVAILABLE, `cannot run ${command}: ${error.message}`));
    });
    child.once('exit', (code) => {
      clearInterval(timer);
      resolve(code ?? 1);
    });
  });
}
