/** Whether a backlog is coming in right now, so that what can wait waits until it is through. */

import type { Clock } from '../../../base/clock.ts';

export interface BacklogWatch {
  /** So many readings have been stored in one go. */
  stored(rows: number): void;
  drains(): boolean;
}

/** More than a round of any gateway that we know of; the batches of a backlog grow beyond it at once. */
const LARGE_ROWS_MIN = 500;
/** From one batch of a drain to the next: its request, and the rest that `drain.share` may ask for. */
const PAUSE_MAX_MS = 2_000;
/** A year at 10 s of eight series comes in three minutes. What sends for longer is no backlog, but a fleet. */
const DRAIN_MAX_MS = 600_000;

export function createBacklogWatch(clock: Pick<Clock, 'monotonicMs'>): BacklogWatch {
  let beganMono = Number.NEGATIVE_INFINITY;
  let lastMono = Number.NEGATIVE_INFINITY;
  return {
    stored(rows) {
      if (rows < LARGE_ROWS_MIN) return;
      const nowMono = clock.monotonicMs();
      if (nowMono - lastMono > PAUSE_MAX_MS) beganMono = nowMono;
      lastMono = nowMono;
    },
    drains() {
      const nowMono = clock.monotonicMs();
      return nowMono - lastMono <= PAUSE_MAX_MS && nowMono - beganMono <= DRAIN_MAX_MS;
    },
  };
}
