// @ts-check
/**
 * `npm start`: from a fresh clone to readings on the screen. Sets the clone up, starts the write API
 * and then the reader and the monitor as its children, with their data in ./data, and stops all together.
 * The first Ctrl-C lets them finish what they have in hand, a second one does not wait.
 *
 * Exit codes: 0 after `--seconds`, Ctrl-C or SIGTERM; otherwise that of the program that ended first.
 */

import { connect } from 'node:net';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { aborted, countKeypresses, createFamily } from './family.js';
import { ROOT, runMain, SetupError, setUp } from './setup.js';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;

/** Usually half a second. After this the reader starts anyway: it can do without the API. */
const API_READY_MAX_MS = 5_000;
const API_POLL_MS = 50;

/** setTimeout's limit, in seconds: more than three weeks. */
const SECONDS_MAX = 2_000_000;
/** The monitor takes the one after it. */
const PORT_MAX = 65_534;

const USAGE = `Usage: npm start [-- --seconds N] [--port N]

Starts the write API, the reader and the monitor on this machine, with their data in ./data.

  --seconds N  end by itself after N seconds
  --port N     the write API's port on 127.0.0.1 (default 8470); the monitor has the next one

Settings (SENSORGW_*) are read from the environment as usual: see docs/settings.md.`;

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  bearLostOutput();
  await setUp();
  const keys = countKeypresses();

  const env = environmentFor(options.port);
  const config = await loadConfig(env);
  const { port } = config.api;
  await assertPortFree(port, port);
  await assertPortFree(config.monitor.port, port);
  greet(config, options.seconds);

  const family = createFamily(env);
  keys.onSecond(() => family.kill());
  // Whatever ends this script must not leave programs behind that nobody sees.
  process.once('exit', () => family.kill());
  family.start('sensor-api-write');
  const over = () => keys.stopping.aborted || family.ended.aborted;
  await apiReady(port, over);
  if (!over()) family.start('sensor-main');
  if (!over()) family.start('sensor-monitor');

  const reasons = [aborted(keys.stopping), aborted(family.ended)];
  if (options.seconds !== undefined) reasons.push(sleep(options.seconds * 1000, undefined, { ref: false }));
  await Promise.race(reasons);
  const code = await family.stop();
  if (code === 0) farewell(config.dataDir);
  return code;
});

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return {
      help: values.help,
      seconds: values.seconds === undefined ? undefined : whole('--seconds', values.seconds, SECONDS_MAX),
      port: values.port === undefined ? undefined : whole('--port', values.port, PORT_MAX),
    };
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(EXIT_USAGE, `${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} max
 */
function whole(name, text, max) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new SetupError(EXIT_USAGE, `${name} must be a whole number from 1 to ${max}, not "${text}".`);
}

/**
 * The programs' own defaults are for an installed system; here everything stays in the clone. Whatever
 * the caller has set himself is left as it is.
 * @param {number | undefined} port
 * @returns {NodeJS.ProcessEnv}
 */
function environmentFor(port) {
  const dataDir = process.env.SENSORGW_DATA_DIR ?? join(ROOT, 'data');
  return {
    SENSORGW_DATA_DIR: dataDir,
    SENSORGW_RUN_DIR: join(dataDir, 'run'),
    SENSORGW_LOG_FORMAT: 'pretty',
    SENSORGW_LOG_ROUNDS: 'each',
    ...(port === undefined ? {} : { SENSORGW_MONITOR_PORT: String(port + 1) }),
    ...process.env,
    ...(port === undefined ? {} : { SENSORGW_API_PORT: String(port) }),
  };
}

/**
 * Asks the programs' own code what they will make of it, so that a wrong setting is said once and
 * before anything starts.
 * @param {NodeJS.ProcessEnv} environment
 */
async function loadConfig(environment) {
  const built = pathToFileURL(join(ROOT, 'dist/src/wiring/config.js')).href;
  /** @type {typeof import('../src/wiring/config.ts')} */
  const wiring = await import(built);
  try {
    return wiring.loadConfig({ environment, hostName: hostname() }).config;
  } catch (error) {
    const { exitCode, message } = /** @type {{ exitCode?: number, message?: string }} */ (error);
    if (exitCode === undefined) throw error;
    throw new SetupError(exitCode, String(message));
  }
}

/** `npm start | head`, or a full disk under our output: what we say is lost, but the programs are still stopped in order. */
function bearLostOutput() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/**
 * A stranger on our port would be a confusing failure of a program; say it before anything starts.
 * @param {number} port
 * @param {number} apiPort
 */
async function assertPortFree(port, apiPort) {
  const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
  const taken = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('timeout', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  if (!taken) return;
  throw new SetupError(
    EXIT_UNAVAILABLE,
    `Port ${port} on 127.0.0.1 is taken. Is the gateway running already?\n` +
      `See who has it: ss -ltnp 'sport = :${port}'\n` +
      `Or use another one: npm start -- --port ${apiPort + 10}`,
  );
}

/**
 * Resolves when the write API answers, when it is no use waiting, or after `API_READY_MAX_MS`.
 * @param {number} port
 * @param {() => boolean} over
 */
async function apiReady(port, over) {
  const untilMono = performance.now() + API_READY_MAX_MS;
  while (!over() && performance.now() < untilMono) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1_000) });
      await answer.arrayBuffer();
      return;
    } catch {
      await sleep(API_POLL_MS);
    }
  }
}

/**
 * @param {import('../src/wiring/config.ts').Config} config
 * @param {number | undefined} seconds
 */
function greet({ api, monitor, dataDir }, seconds) {
  const address = `http://127.0.0.1:${api.port}`;
  console.log(`
  sensor-gateway reads this machine, and a simulated sensor beside it.

  Write API  ${address}
  Monitor    http://127.0.0.1:${monitor.port}
  Data       ${here(dataDir)}
  Try next   npx sensorctl status
             npx sensorctl readings --since 5m
             curl -s ${address}/api/v1/readings -H 'content-type: application/json' \\
               -d '[{"sensor":"greenhouse","metric":"temperature","value":21.5,"unit":"celsius"}]'
  To stop    ${seconds === undefined ? 'Ctrl-C' : `in ${seconds} s by itself, or Ctrl-C`}
`);
}

function farewell(/** @type {string} */ dataDir) {
  console.log(`\nStopped cleanly. The readings are in ${here(dataDir)}: npx sensorctl readings --since 5m`);
}

/** A path as a person in the clone would write it. */
function here(/** @type {string} */ path) {
  const inside = relative(ROOT, path);
  return inside.startsWith('..') ? path : `./${inside}`;
}
