/**
 * Speaks to the supervisor's socket from a thread of its own. A call of the addon blocks while the socket's
 * queue is full, which it is as soon as nobody reads it: on the thread that does the work, a supervisor
 * that hangs would stop it. The only home of the `sd-notify` addon.
 */

import { Worker } from 'node:worker_threads';

export interface NotifyThread {
  /** What the supervisor allows between two heartbeats; `undefined`: it wants none from us. */
  readonly watchdogMs: number | undefined;
  /** Hands a message over, or drops it because nobody takes them. Never waits. */
  send(state: string): void;
  /** Some message is still on its way out; if that lasts, the thread hangs in a call that nothing can end. */
  readonly hangs: boolean;
}

export interface NotifyThreadOptions {
  /** For tests: a module that stands in for the addon. */
  readonly addon?: string;
}

/** Two for each heartbeat: one that is missing for longer than that is missed by the watchdog, too. */
const UNSENT_MAX = 16;

/** A thread that sends strings needs next to nothing; without a limit it may take as much as the program. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16, stackSizeMb: 1 };

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const addon = require('node:module').createRequire(workerData.from)(workerData.addon);
for (const name of ['sendState', 'watchdogInterval']) {
  if (typeof addon[name] !== 'function') throw new TypeError(workerData.addon + ' does not offer ' + name);
}
parentPort.on('message', (state) => {
  addon.sendState(state);
  parentPort.postMessage('sent');
});
parentPort.postMessage(addon.watchdogInterval());
`;

/** Rejects with what the addon throws when it cannot be loaded. */
export async function startNotifyThread(options: NotifyThreadOptions = {}): Promise<NotifyThread> {
  const thread = new Worker(THREAD, {
    eval: true,
    workerData: { from: import.meta.url, addon: options.addon ?? 'sd-notify' },
    // Options of the program are not for the thread; the addon sees the real environment all the same.
    env: {},
    execArgv: [],
    resourceLimits: LIMITS,
  });
  const interval = await new Promise<unknown>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  thread.removeAllListeners('error');
  thread.unref();
  let unsent = 0;
  thread.on('message', () => {
    unsent -= 1;
  });
  return {
    // Zero when the unit has no WatchdogSec, or when it was meant for another process.
    watchdogMs: typeof interval === 'number' && interval > 0 ? interval : undefined,
    send(state) {
      if (unsent >= UNSENT_MAX) return;
      unsent += 1;
      thread.postMessage(state);
    },
    get hangs() {
      return unsent > 0;
    },
  };
}
