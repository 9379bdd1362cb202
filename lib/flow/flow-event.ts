/**
 * Everything the flow has to say, as one closed union reported through one function, `observe`. Log
 * lines, metrics, tickets, liveness and test assertions are all consumers of this stream; the flow
 * knows none of them. Events are nouns with a past participle and carry values, never prose.
 */

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { SchemaBackup } from '../base/schema-backup.ts';
import type { SeqRanges } from './seq-ranges.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';
export type Lane = 'live' | 'backfill';
export type OutcomeKind = 'stored' | 'refused' | 'misconfigured' | 'unavailable';

export type FlowEvent =
  /** A source gave no readings, for the n-th time in a row (`failures`). */
  | {
      type: 'source.failed';
      source: string;
      reason: 'deadline' | 'error' | 'busy';
      message: string;
      failures: number;
    }
  | { type: 'source.recovered'; source: string; failures: number }
  /** A source returned something that is not a reading. */
  | { type: 'reading.rejected'; source: string; sensor: string; metric: string; message: string }
  | {
      type: 'round.sampled';
      readings: number;
      sourcesOk: number;
      sourcesFailed: number;
      durationMs: number;
      lateMs: number;
    }
  /** Deadlines that passed while we were late. They are skipped, never made up for. */
  | { type: 'round.skipped'; rounds: number }
  | { type: 'sampling.paced'; intervalMs: number; reason: string }
  | { type: 'outbox.opened'; stream: string; fresh: boolean; rows: number; durationMs: number }
  | { type: 'outbox.appended'; stream: string; lo: number; hi: number; durationMs: number }
  /** A round could not be kept: none of these readings was accepted. */
  | { type: 'outbox.append_failed'; readings: number; code: string; message: string }
  | { type: 'outbox.trimmed'; rows: number }
  /** The disk did not take a round, and it waits in memory with `held` readings in all. */
  | { type: 'outbox.held'; readings: number; held: number; code: string; message: string }
  /** The disk is back, and what was held in memory is in the outbox. */
  | { type: 'outbox.released'; readings: number; heldMs: number }
  /** Held readings that memory had no place for any more. They never had a seq; these are all their names. */
  | {
      type: 'reading.dropped';
      readings: number;
      series: readonly string[];
      oldestAt: number;
      newestAt: number;
    }
  /** Given up because the outbox is full, undelivered and in the ledger. `cause` is the bound that was met. */
  | { type: 'reading.shed'; stream: string; lo: number; hi: number; cause: 'bytes_max' | 'disk_reserve' }
  /**
   * Rows of a full outbox, undelivered and in the ledger, that `into` rows of the tier now stand for. `lo` and `hi`
   * are the first and the last of them.
   */
  | {
      type: 'reading.thinned';
      stream: string;
      lo: number;
      hi: number;
      rows: number;
      into: number;
      tier: 'raw' | 'minute' | 'ten_minutes';
    }
  /** The file was written by an older version, and has today's schema now. */
  | { type: 'database.upgraded'; file: string; from: number; to: number; backup: SchemaBackup }
  /** The file was damaged, empty or foreign, and has been moved to `dir`. */
  | { type: 'outbox.quarantined'; dir: string; reason: string }
  /** What a quarantined file still held waits in the outbox again; what was lost is in the ledger. */
  | { type: 'outbox.salvaged'; dir: string; saved: number; lost: number; deadLetters: number }
  /** A quarantined file could not be salvaged; after `attemptsMax` starts nobody tries any more. */
  | {
      type: 'outbox.salvage_failed';
      dir: string;
      attempts: number;
      attemptsMax: number;
      message: string;
    }
  /** The quarantine had no place, or the disk no room, for it any more. */
  | {
      type: 'outbox.quarantine_removed';
      dir: string;
      bytes: number;
      state: 'salvaged' | 'given_up' | 'waiting';
    }
  /** Rows of a small table that were not as they were written: claims of delivery, lines of the ledger, destinations. */
  | { type: 'outbox.mended'; table: 'acknowledged' | 'gone' | 'destinations'; rows: number }
  /** Rows that are not as they were accepted: their checksum does not hold, or they are not there any more. */
  | { type: 'outbox.corrupted'; stream: string; seqs: SeqRanges }
  /** A destination has more of a stream than was ever assigned here: another copy of this file went on. */
  | {
      type: 'outbox.rolled_back';
      destination: string;
      stream: string;
      /** The highest seq assigned here, and the highest received there. */
      ours: number;
      theirs: number;
      /** How many in between it lacks: only the lost copy had them. They are in the ledger. */
      lacking: number;
    }
  /** A destination lacks what it had acknowledged: sent again, or, if it has left, in the ledger as lost. */
  | { type: 'store.rolled_back'; destination: string; stream: string; again: number; lost: number }
  /** The first look at the clock of this run that gave no trust: readings wait `holdMs` for it. */
  | { type: 'clock.untrusted'; why: string; holdMs: number }
  /** Somebody vouches for the clock: at once, or it was untrusted before, and its times were early by `offsetMs`. */
  | { type: 'clock.trusted'; why: string; offsetMs: number; atOnce: boolean }
  /** The clock jumped, and somebody vouches for it: readings follow. */
  | { type: 'clock.stepped'; why: string; offsetMs: number }
  /** The clock jumped, and nobody vouches for it: readings go on as if it had not. */
  | { type: 'clock.doubted'; why: string; offsetMs: number }
  | { type: 'clock.suspended'; durationMs: number }
  /** So many rows that waited in the outbox have their true times now. */
  | { type: 'reading.restamped'; readings: number }
  | {
      type: 'batch.delivered';
      destination: string;
      lane: Lane;
      outcome: OutcomeKind;
      rows: number;
      bytes: number;
      stored: number;
      duplicate: number;
      durationMs: number;
      /** Why, when the outcome is not `stored`, or when some of it was refused for now. */
      reason?: string;
    }
  | {
      type: 'reading.buried';
      destination: string;
      stream: string;
      seq: number;
      code: string;
      message: string;
    }
  | {
      type: 'breaker.opened';
      destination: string;
      failures: number;
      step: number;
      pauseMs: number;
      reason: string;
      /** By a person, not by failures; then there is no pause. */
      held: boolean;
    }
  /** A destination knows by how much to move these readings, which it had been sent with untrusted times. */
  | { type: 'reading.corrected'; destination: string; stream: string; seqs: SeqRanges }
  | { type: 'breaker.half_opened'; destination: string }
  | { type: 'breaker.closed'; destination: string; openMs: number }
  | { type: 'backlog.drained'; destination: string; rows: number; durationMs: number }
  /** The store has answered for a batch: the write API's side of `batch.delivered`. */
  | {
      type: 'batch.ingested';
      gateway: string;
      stream: string;
      stored: number;
      duplicate: number;
      refused: number;
      durationMs: number;
    }
  | { type: 'request.refused'; method: string; path: string; status: number; code: string; message: string };

export type Observe = (event: FlowEvent) => void;

/** Everything a part of the flow may use that a test must be able to own. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: Observe;
}
