/**
 * Everything the flow has to say, as one closed union reported through one function, `observe`. Log
 * lines, metrics, tickets, liveness and test assertions are all consumers of this stream; the flow
 * knows none of them. Events are nouns with a past participle and carry values, never prose.
 */

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { SchemaBackup } from '../base/schema-backup.ts';
import type { SeqRanges } from './seq-ranges.ts';

/** What a value can fail: acquire/quality/checks.ts says how. */
export type QualityCheck = 'range' | 'spike' | 'unchanged' | 'warm_up';
export type { BreakerState } from '../base/breaker.ts';
export type Lane = 'live' | 'backfill';
export type OutcomeKind = 'stored' | 'refused' | 'misconfigured' | 'unavailable';

/** Rows of one stream that a destination has not acknowledged. */
export interface WaitingRows {
  readonly destination: string;
  readonly stream: string;
  readonly seqs: SeqRanges;
}

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
  /**
   * A series has failed this check of its quality for the first time since it was good. `message` goes on from
   * "VALUE UNIT". Its readings are kept, and say that they are suspect.
   */
  | {
      type: 'series.suspected';
      source: string;
      sensor: string;
      metric: string;
      unit: string;
      value: number;
      check: QualityCheck;
      message: string;
    }
  /** It has been good for a while; so many readings were suspect, over `durationMs` from the first to the last. */
  | {
      type: 'series.cleared';
      source: string;
      sensor: string;
      metric: string;
      readings: number;
      durationMs: number;
    }
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
  /** These sources are not read, or these destinations not delivered to, as somebody has configured it. */
  | {
      type: 'quiet_hours.began';
      of: 'sampling' | 'delivery';
      names: readonly string[];
      untilAt: number;
      /** `until 06:00`, by the clocks of the configured zone. */
      words: string;
    }
  | { type: 'quiet_hours.ended'; of: 'sampling' | 'delivery'; names: readonly string[] }
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
   * Dead letters of a destination that has too many: the oldest, of which `lo` and `hi` are the first and the last.
   * They stay in the ledger as buried.
   */
  | { type: 'letter.shed'; destination: string; letters: number; lo: number; hi: number }
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
  /** The file was deleted while it was open, and this is what waited in it; its log may still have some of it. */
  | { type: 'outbox.deleted'; waiting: readonly WaitingRows[]; isSalvageable: boolean }
  /**
   * There was an outbox here, and somebody has deleted it: its latest stream, and where that began. What is `waiting`
   * is lost, and in the ledger of this one. `rows: null`: it had not been closed, and nobody can say.
   */
  | {
      type: 'outbox.missed';
      stream: string;
      firstSeq: number;
      rows: number | null;
      at: number;
      waiting: readonly WaitingRows[];
      /** With `rows: null`: what waited when it was opened, some of which may have been delivered since. */
      unclear: readonly WaitingRows[];
    }
  /**
   * A destination was asked for a stream of an outbox that was deleted without having been closed. It has it up to
   * `highest`, and lacks these: they are in the ledger. What came after, nobody can count.
   */
  | {
      type: 'outbox.missed_compared';
      destination: string;
      stream: string;
      highest: number;
      lacking: SeqRanges;
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
  /** Readings, and rollups of them, that were older than they are to be kept. */
  | { type: 'store.aged'; readings: number; rollups: number; rawFromAt: number | undefined }
  /** Whole months of readings and rollups that were older than they are to be kept, and `readings` one by one. */
  | {
      type: 'store.partitions_dropped';
      partitions: readonly string[];
      readings: number;
      rawFromAt: number | undefined;
    }
  /** The database server cannot be reached, or does not let us work; said once, until it is back. */
  | { type: 'store.unreachable'; message: string }
  | { type: 'store.reachable'; downMs: number }
  /** What a store held before there were rollups is in rollups, too. */
  | { type: 'store.rolled_up' }
  /** Somebody reads from an earlier state of the store, so that its log of `bytes` cannot be emptied; and has ended. */
  | { type: 'store.log_held'; bytes: number }
  | { type: 'store.log_emptied'; bytes: number }
  /** The store's file was damaged, and has been moved to `dir`; a fresh one takes its place. */
  | { type: 'store.quarantined'; dir: string; reason: string }
  /** What the quarantined file still held is in the store again. `lost` were received, and are nowhere; they are named. */
  | { type: 'store.salvaged'; dir: string; saved: number; lost: number }
  | { type: 'store.salvage_failed'; dir: string; attempts: number; attemptsMax: number; message: string }
  /** The quarantine had no place, or the disk no room, for a store that has been salvaged or given up. */
  | { type: 'store.quarantine_removed'; dir: string; bytes: number }
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
  /** Two machines deliver under one name, by turns: their latest streams, and where each comes from. */
  | {
      type: 'gateway.doubled';
      gateway: string;
      streams: readonly { readonly stream: string; readonly from: string }[];
    }
  | { type: 'request.refused'; method: string; path: string; status: number; code: string; message: string };

export type Observe = (event: FlowEvent) => void;

/** Everything a part of the flow may use that a test must be able to own. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: Observe;
}
