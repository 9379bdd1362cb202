/** A total deadline that always settles, whatever the work does: for work that cannot be trusted to end. */

import type { Clock } from './clock.ts';

export type Timed<T> = { readonly late: false; readonly value: T } | { readonly late: true };

/**
 * Runs `work` and settles within `ms` of monotonic time: with its value, with its rejection, or with
 * `late: true`, in which case `signal` has been aborted and the abandoned work's end is ignored.
 */
export async function withDeadline<T>(
  clock: Clock,
  name: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Timed<T>> {
  const abandon = new AbortController();
  const finished = new AbortController();
  const timer = clock.sleep(name, ms, finished.signal).then((): Timed<T> => ({ late: true }));
  // An async function, so that work which throws before its first await rejects, too.
  const job = (async (): Promise<Timed<T>> => ({ late: false, value: await work(abandon.signal) }))();
  try {
    const first = await Promise.race([job, timer]);
    if (first.late) job.catch(() => {}); // Nobody waits for it any more; its failure is not news.
    return first;
  } finally {
    finished.abort();
    abandon.abort();
  }
}
