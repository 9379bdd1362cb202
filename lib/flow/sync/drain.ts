/**
 * The drain of a backlog while it lasts: how much of it is through, and how fast, and the acknowledgements of it,
 * which are written down now and then instead of with the next round.
 */

import type { Clock } from '../../base/clock.ts';
import type { Observe } from '../flow-event.ts';
import { TRIM_ROWS_MAX } from '../outbox/commits.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { unlessDiskFails } from './unless-disk-fails.ts';

export interface DrainDeps {
  /** Of the destination. */
  readonly name: string;
  readonly outbox: Pick<Outbox, 'flush'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly observe: Observe;
  /** How much of the time is spent sending. */
  readonly share: number;
}

/** How much of a backlog has been delivered, and how fast: outages and quiet hours in the middle are no part of that. */
export interface DrainStatus {
  readonly rows: number;
  readonly rowsPerSecond: number;
}

export interface Drain {
  /** A batch of so many has been answered, whatever the answer was. */
  answered(rows: number): void;

  /** So many are through, with a request that took so long. */
  delivered(rows: number, durationMs: number): void;

  /** Writes down what the answers before have earned, if it is time to. */
  flushIfDue(): void;

  /** Nothing is left to send, but for what is set aside. Harmless where nothing was drained. */
  end(): void;

  /** `undefined` while there is none. */
  status(): DrainStatus | undefined;
}

/**
 * Acknowledgements ride along with the next round, but a drain would have the rows of ten seconds sent
 * again after a crash, and would outrun the trimming. A commit for each batch would cost it a third.
 */
const FLUSH_EVERY_MS = 2_000;
const FLUSH_ROWS = TRIM_ROWS_MAX;

export function createDrain({ name, outbox, clock, observe, share }: DrainDeps): Drain {
  let flushedMono = 0;
  let unflushedRows = 0;
  let drain: { readonly sinceMono: number; readonly spentMs: number; readonly rows: number } | undefined;

  function flush(): void {
    flushedMono = clock.monotonicMs();
    unflushedRows = 0;
    unlessDiskFails(() => outbox.flush());
  }

  return {
    answered(rows) {
      unflushedRows += rows;
    },
    delivered(rows, durationMs) {
      // A batch that was put off whole is no part of a drain: nothing of it is through.
      if (rows === 0) return;
      const before = drain ?? { sinceMono: clock.monotonicMs() - durationMs, spentMs: 0, rows: 0 };
      drain = { ...before, spentMs: before.spentMs + durationMs / share, rows: before.rows + rows };
    },
    flushIfDue() {
      if (unflushedRows >= FLUSH_ROWS || clock.monotonicMs() - flushedMono >= FLUSH_EVERY_MS) flush();
    },
    end() {
      if (drain === undefined) return;
      flush();
      const durationMs = Math.round(clock.monotonicMs() - drain.sinceMono);
      observe({ type: 'backlog.drained', destination: name, rows: drain.rows, durationMs });
      drain = undefined;
    },
    status: () =>
      drain && {
        rows: drain.rows,
        rowsPerSecond: Math.round((drain.rows * 1_000) / Math.max(1, drain.spentMs)),
      },
  };
}
