/**
 * A store whose work somebody watches: each call promises to be over in time, or the heartbeat is withheld and
 * the program is started afresh. Only the store's own work counts. A client that is slow to send its request, or
 * to read its answer, has promised nothing, and costs nobody else anything.
 */

import type { Clock } from '../../base/clock.ts';
import type { Pulse } from '../../base/loop.ts';
import type { ReadingsStore } from './readings-store.ts';

/**
 * Longer than the longest batch waits for a lock and takes on the slowest card, and as long as a reader waits for
 * its answer: after this nobody is interested in it any more.
 */
const WORK_MAX_MS = 30_000;

export interface WatchedStoreDeps {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly pulse: Pulse;
}

export function createWatchedStore(store: ReadingsStore, { clock, pulse }: WatchedStoreDeps): ReadingsStore {
  let calls = 0;

  /** Under a name of its own: calls run side by side, and one that goes on must not speak for one that hangs. */
  async function watched<T>(what: string, work: () => Promise<T>): Promise<T> {
    calls += 1;
    const name = `${what} ${calls}`;
    pulse.promise(name, clock.monotonicMs() + WORK_MAX_MS);
    try {
      return await work();
    } finally {
      pulse.release(name);
    }
  }

  return {
    get ownStream() {
      return store.ownStream;
    },
    ingest: (batches) => watched('ingest', () => store.ingest(batches)),
    stream: (stream, from) => watched('stream', () => store.stream(stream, from)),
    health: () => watched('health', () => store.health()),
    close: () => store.close(),
  };
}
