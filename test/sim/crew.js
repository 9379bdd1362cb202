// @ts-check
/**
 * Runs seeds in processes of their own, one for each core: a seed is handed to whoever is free, so that no core
 * idles. Plain JavaScript, so that a script can use it as well as a test. Nothing of it outlives the call, neither
 * a process nor a file; if the caller is killed, the workers see that and tidy up.
 */

import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {import('./run-seed.ts').RunResult} RunResult
 * @typedef {Omit<import('./worker.ts').Job, 'within'>} Job
 */

/**
 * @typedef {object} Work
 * @property {string} dir  Where `test/sim/worker.ts` has been compiled into.
 * @property {Iterable<Job>} jobs  Taken one at a time; it may have no end.
 * @property {(result: RunResult) => boolean | void} onResult  In the order in which they end; `true`: that is enough.
 * @property {AbortSignal} [signal]  Ends everything at once.
 */

/** Two cores share a month of faults in seconds; what takes this long on any machine does not end. */
const RUN_MAX_MS = 15 * 60_000;
/** A file system in memory: there a sync costs nothing, and a power cut is what we make of it. */
const SHARED_MEMORY = '/dev/shm';

/** The files that have to be compiled for it. */
export const WORKER = 'test/sim/worker.ts';

/** Resolves when all jobs have ended, or the work has been ended before. A worker that dies is a problem of its seed. */
export async function runSeeds(/** @type {Work} */ { dir, jobs, onResult, signal }) {
  const within = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'sensorgw-sims-'));
  const program = join(dir, WORKER.replace(/ts$/, 'js'));
  const enough = new AbortController();
  signal?.addEventListener('abort', () => enough.abort(), { once: true });
  if (signal?.aborted) enough.abort();
  const left = jobs[Symbol.iterator]();
  const work = async () => {
    let worker = startWorker(program);
    const end = () => worker.end();
    enough.signal.addEventListener('abort', end, { once: true });
    try {
      while (!enough.signal.aborted) {
        const { value: job, done } = left.next();
        if (done) return;
        const result = await worker.run({ ...job, within });
        if (enough.signal.aborted) return;
        if (onResult(result) === true) enough.abort();
        if (worker.isOver()) worker = startWorker(program);
      }
    } finally {
      enough.signal.removeEventListener('abort', end);
      await worker.end();
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, work));
  } finally {
    enough.abort();
    rmSync(within, { recursive: true, force: true });
  }
}

/** @param {string} program */
function startWorker(program) {
  const child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  /** @type {string | undefined} */
  let over;
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      over = signal === null ? `with exit code ${code}` : `by ${signal}`;
      resolve();
    });
  });

  return {
    isOver: () => over !== undefined,
    /** Never rejects. */
    async run(/** @type {import('./worker.ts').Job} */ job) {
      /** @type {RunResult | undefined} */
      let result;
      let isLate = false;
      const late = setTimeout(() => {
        isLate = true;
        child.kill('SIGKILL');
      }, RUN_MAX_MS);
      /** @type {Promise<void>} */
      const answered = new Promise((resolve) => {
        child.once('message', (answer) => {
          result = /** @type {RunResult} */ (answer);
          resolve();
        });
      });
      // A channel that is closed already: what ends the worker tells the rest.
      if (child.connected) child.send(job, () => {});
      await Promise.race([answered, exited]);
      clearTimeout(late);
      const why = isLate ? `it did not end within ${RUN_MAX_MS / 60_000} min` : `its process ended ${over}`;
      return result ?? failed(job, why);
    },
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/**
 * @param {Job} job
 * @param {string} why
 * @returns {RunResult}
 */
function failed({ seed, days }, why) {
  return { seed, days, faults: [], trace: '', steps: 0, audit: undefined, problems: [why], tail: [] };
}
