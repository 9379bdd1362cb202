/**
 * The live lane delivers the newest round as soon as it has been appended, past any backlog. It goes
 * over each row at most once: its cursor is the newest seq it has tried, and what lies below the
 * cursor unacknowledged, because a delivery failed or rounds queued up, is the backfill lane's.
 */

import type { Clock } from '../../base/clock.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { RAW } from '../outbox/tiers.ts';
import type { Delivery } from './delivery.ts';

export interface LiveLaneDeps {
  readonly name: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly delivery: Delivery;
  /** Between two looks when nobody wakes it; a minute if left out. */
  readonly everyMs?: number | undefined;
  /** A turn is over: backfill, which stood back, may go on. */
  readonly onRested: () => void;
}

export interface LiveLane {
  turn(stopping: AbortSignal): Promise<number>;

  /** A round has been appended. */
  freshen(): void;

  /** A fresh round waits or is in flight: backfill stands back. */
  wants(): boolean;

  /** The newest seq it has tried: readings above are its own. Thinned ones never are. */
  cursor(): number;
}

/** A round of 100 sensors fits; more than that at once is a backlog. */
const LIVE_ROWS_MAX = 200;
const LIVE_BYTES_MAX = 65_536;
/** Rounds announce themselves; this look is for one that did not. */
const EVERY_MS = 60_000;

export function createLiveLane(deps: LiveLaneDeps): LiveLane {
  const { name, outbox, clock, delivery, everyMs = EVERY_MS } = deps;
  // What an earlier run left behind is backlog, not news.
  let cursor = newestSeq();
  let fresh = false;
  let sending = false;

  function newestSeq(): number {
    const newest = outbox.batch(name, {
      order: 'newest',
      within: RAW.space,
      rowsMax: 1,
      bytesMax: LIVE_BYTES_MAX,
    });
    return newest?.seqs.at(-1)?.[1] ?? 0;
  }

  function pickFresh() {
    return outbox.batch(name, {
      order: 'newest',
      within: [cursor + 1, RAW.space[1]],
      except: delivery.inFlight('backfill'),
      rowsMax: LIVE_ROWS_MAX,
      bytesMax: LIVE_BYTES_MAX,
    });
  }

  async function deliverFresh(stopping: AbortSignal): Promise<void> {
    fresh = false; // Before picking: a round that is appended meanwhile is fresh again.
    const batch = pickFresh();
    if (batch === undefined) return;
    const before = cursor;
    cursor = Math.max(cursor, batch.seqs.at(-1)?.[1] ?? 0);
    sending = true;
    try {
      if ((await delivery.send('live', batch, stopping)) !== undefined) return;
      // Backfill's probe is out. These rows are still news when it comes back.
      cursor = before;
      fresh = true;
    } finally {
      sending = false;
    }
  }

  return {
    async turn(stopping) {
      const nowMono = clock.monotonicMs();
      const dueMono = delivery.dueMono();
      if (dueMono > nowMono) return Math.min(dueMono, nowMono + everyMs);
      await deliverFresh(stopping);
      deps.onRested();
      return clock.monotonicMs() + everyMs;
    },
    freshen() {
      fresh = true;
    },
    wants: () => fresh || sending,
    cursor: () => cursor,
  };
}
