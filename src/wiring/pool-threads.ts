/** How many threads Node has for calls that block: its own rule, because it does not tell. */

import { POOL_THREADS } from '../../lib/flow/acquire/sources/pool-threads.ts';

/** libuv's own bound. */
const THREADS_MAX = 1_024;

/** `variable`: the value of UV_THREADPOOL_SIZE when the process began. */
export function poolThreads(variable: string | undefined): number {
  if (variable === undefined) return POOL_THREADS;
  // libuv reads it as C does: what is no number is 0, and 0 is 1.
  const threads = Number.parseInt(variable, 10);
  return Math.min(THREADS_MAX, Math.max(1, Number.isNaN(threads) ? 0 : threads));
}
