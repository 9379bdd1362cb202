/** A total deadline that always settles, whatever the work does: for work that cannot be trusted to end. */

import type { Clock } from './clock.ts';

export type Timed<T> = { readonly late: false; readonly value: T } | { readonly late: true };

/**
 * Runs `work` and settles within `ms` of monotonic time: with its value, with its rejection, or with
 * `late: true`, in which case `signal` has been aborted and the abandoned work's end is ignored.
 * `stopping` brings the deadline forward to the moment it aborts.
 */
export async function withDeadline<T>(
  clock: Clock,
  name: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  stopping?: AbortSignal,
): Promise<Timed<T>> {
  const abandon = new AbortController();
  const finished = new AbortController();
  const hurry = () => finished.abort();
  if (stopping?.aborted) hurry();
  stopping?.addEventListener('abort', hurry, { once: true });
  const timer = clock.sleep(name, ms, finished.signal).then((): Timed<T> => ({ late: true }));
  // An async function, so that work which throws before its first await rejects, too.
  const job = (async (): Promise<Timed<T>> => ({ late: false, value: await work(abandon.signal) }))();
  try {
    const first = await Promise.race([job, timer]);
    if (first.late) job.catch(() => {}); // Nobody waits for it any more; its failure is not news.
    return first;
  } finally {
    stopping?.removeEventListener('abort', hurry);
    finished.abort();
    abandon.abort();
  }
}
