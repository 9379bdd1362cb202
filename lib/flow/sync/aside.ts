/**
 * Readings set aside because the write API failed inside (HTTP 500) on each of them alone. One such
 * reading must not hold up the backlog for ever, and a plain outage, which looks the same from a single
 * attempt, must not bury anything. So a reading here waits, out of the way of the others, and is given
 * up only after it has failed alone several times, each time after something else was stored.
 *
 * In memory: after a restart the attempts are counted anew, which only makes it slower.
 */

import { rangesOfSeqs, type SeqRanges } from '../seq-ranges.ts';

/**
 * Alone and with others getting through: five failures are no coincidence even on an API that fails every second time
 * (3 %).
 */
const FAILURES_MAX = 5;
/** A minute apart, the longest pause: a database that is locked or full for a while is not the reading's fault. */
const RETRY_AFTER_MS = 60_000;
/** In an outage of nothing but HTTP 500 every first row would end here; more than these stay in line. */
const ASIDE_MAX = 16;

interface SetAside {
  readonly failures: number;
  readonly retryMono: number;
  /** How many readings had been delivered when it failed: more than this later is the proof that others pass. */
  readonly deliveredThen: number;
}

export interface Aside {
  readonly full: boolean;
  seqs(): SeqRanges;

  /** A seq whose next attempt is due at `nowMono`, given how many readings have been delivered by now. */
  due(nowMono: number, delivered: number): number | undefined;

  /** When to look again; `undefined` if nothing is set aside that others have passed: no time makes that due. */
  nextMono(delivered: number): number | undefined;

  /** `seq` has failed alone. Returns whether it is to be given up; it then is no longer here. */
  failed(seq: number, nowMono: number, delivered: number): boolean;

  /** It was stored, or is gone. */
  forget(seq: number): void;
}

/** Whether something else has got through since it failed. */
const isPassed = (one: SetAside, delivered: number) => delivered > one.deliveredThen;

export function createAside(): Aside {
  const waiting = new Map<number, SetAside>();
  return {
    get full() {
      return waiting.size >= ASIDE_MAX;
    },
    seqs: () => rangesOfSeqs(waiting.keys()),
    due(nowMono, delivered) {
      for (const [seq, one] of waiting) {
        if (one.retryMono <= nowMono && isPassed(one, delivered)) return seq;
      }
      return undefined;
    },
    nextMono(delivered) {
      const passed = [...waiting.values()].filter((one) => isPassed(one, delivered));
      return passed.length === 0 ? undefined : Math.min(...passed.map((one) => one.retryMono));
    },
    failed(seq, nowMono, delivered) {
      const failures = (waiting.get(seq)?.failures ?? 0) + 1;
      if (failures >= FAILURES_MAX) {
        waiting.delete(seq);
        return true;
      }
      waiting.set(seq, { failures, retryMono: nowMono + RETRY_AFTER_MS, deliveredThen: delivered });
      return false;
    },
    forget(seq) {
      waiting.delete(seq);
    },
  };
}
