/**
 * What an outbox may hold: as much as its settings say, and a history that does not grow with the length of an outage.
 */

import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import { TRANSITIONS_KEPT } from '../../lib/flow/outbox/outage.ts';

export interface BoundRules {
  /** A reader starts with this bound for its outbox. */
  starts(bytesMax: number): void;
  check(outbox: SqliteDatabase): void;
}

/** Without rows there is nothing to give up: ledgers, dead letters and histories have bounds of their own. */
const ROUND_ROWS = 16;
/** Pages that a round may take before room is made with the next one. */
const ROUND_BYTES = 65_536;

export function createBoundRules(problem: (what: string) => void): BoundRules {
  let bytesMax = Number.POSITIVE_INFINITY;
  /** What lay in it before counts for nothing: the bound may be smaller than it was. */
  let foundBytes: number | undefined;

  return {
    starts(max) {
      [bytesMax, foundBytes] = [max, undefined];
    },
    check(outbox) {
      const used = usedBytes(outbox);
      foundBytes ??= used;
      const most = Math.max(bytesMax, foundBytes + ROUND_BYTES);
      if (used > most && rowsIn(outbox) > ROUND_ROWS)
        problem(`BOUND: the outbox holds ${used} bytes, and may hold ${most}`);
      const kept = Number(outbox.prepare('SELECT count(*) FROM breaker_transitions').pluck().get());
      // Those of one commit are taken away with it.
      if (kept > TRANSITIONS_KEPT) problem(`BOUND: ${kept} transitions of breakers are kept`);
    },
  };
}

const rowsIn = (outbox: SqliteDatabase) =>
  Number(outbox.prepare('SELECT count(*) FROM readings').pluck().get());

/** Of the file, without the pages that wait to be used again. */
export function usedBytes(outbox: SqliteDatabase): number {
  const ask = (pragma: string) => Number(outbox.pragma(pragma, { simple: true }));
  return (ask('page_count') - ask('freelist_count')) * ask('page_size');
}
