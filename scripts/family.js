// @ts-check
/**
 * Starts programs as children that live and die together, and turns Ctrl-C into a wish to stop: the
 * first lets them finish what they have in hand, a second one does not wait.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './setup.js';

/** npm passes a terminal's Ctrl-C on to us, which has already got it: the two are one. */
const SAME_KEYPRESS_MS = 400;

/** The programs promise to stop within 5 s. A little more, and we do not wait for them any longer. */
const STOP_MAX_MS = 8_000;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** Turns signals into wishes: the first asks to stop (`stopping` aborts), the second to stop at once. */
export function countKeypresses() {
  const first = new AbortController();
  let firstMono = 0;
  /** @type {() => void} */
  let second = () => {};
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const mono = performance.now();
      if (!first.signal.aborted) {
        firstMono = mono;
        console.log('\nStopping. Press Ctrl-C again to stop at once.');
        first.abort();
      } else if (mono - firstMono > SAME_KEYPRESS_MS) second();
    });
  }
  return {
    stopping: first.signal,
    onSecond: (/** @type {() => void} */ act) => {
      second = act;
    },
  };
}

/**
 * The programs. `ended` aborts as soon as one of them has ended, for whatever reason.
 * @param {NodeJS.ProcessEnv} env
 */
export function createFamily(env) {
  /** @type {Map<string, ChildProcess>} */
  const running = new Map();
  const ended = new AbortController();
  const allGone = new AbortController();
  let stopping = false;
  let code = 0;

  /** @param {string} name */
  function start(name) {
    // A process group of its own: Ctrl-C in a terminal goes to a whole group, and whether the programs
    // stop is for this script to decide.
    const child = spawn(process.execPath, [join(ROOT, `dist/src/${name}.js`)], {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    running.set(name, child);
    child.once('exit', (exitCode, signal) => {
      running.delete(name);
      // A program that had not got round to listening dies of the signal we sent; that is what we asked for.
      const asked = stopping && signal === 'SIGTERM';
      const own = asked ? 0 : (exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      if (!stopping || own !== 0) console.log(`\n${name} has ended (${signal ?? `exit code ${exitCode}`}).`);
      // The first failure is the news; what follows from it is not.
      if (code === 0) code = own === 0 && !stopping ? 1 : own;
      if (!stopping && running.size > 0) console.log(`Stopping ${[...running.keys()].join(', ')}, too.`);
      ended.abort();
      if (running.size === 0) allGone.abort();
    });
  }

  function kill() {
    for (const child of running.values()) child.kill('SIGKILL');
  }

  return {
    start,
    kill,
    ended: ended.signal,

    /** Asks all of them to finish, and resolves with the exit code when they are gone. */
    async stop() {
      stopping = true;
      if (running.size === 0) return code;
      for (const child of running.values()) child.kill('SIGTERM');
      const overdue = setTimeout(() => {
        console.log(`${[...running.keys()].join(', ')} did not stop within ${STOP_MAX_MS / 1000} s.`);
        kill();
      }, STOP_MAX_MS);
      await aborted(allGone.signal);
      clearTimeout(overdue);
      return code;
    },
  };
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
