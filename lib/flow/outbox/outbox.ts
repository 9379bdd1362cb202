/**
 * The outbox: an append-only log of readings that not every destination has acknowledged yet, in one
 * SQLite file, safe across power cuts (WAL, synchronous=FULL). Accepting a reading means that `append`
 * has returned. All calls are synchronous: an async one would commit before its work was done.
 *
 * This is the contract; `open-outbox.ts` fulfils it.
 */

import type { BreakerRecord } from '../../base/breaker.ts';
import type { OutcomeKind, WaitingRows } from '../flow-event.ts';
import type { GoneCause, Reading, Thinned } from '../reading.ts';
import type { SeqRange, SeqRanges } from '../seq-ranges.ts';
import type { SilenceBook } from '../silence.ts';
import type { Adoption } from './adoption.ts';
import type { Compared, Reconciled, Rollback, Run } from './comparing.ts';
import type { Restoration } from './restoring.ts';

export { type OpenOutboxOptions, openOutbox } from './open-outbox.ts';
/** A destination's breaker as it is kept across restarts. */
export type { BreakerRecord };

/** What `append` made durable: seqs `lo` to `hi` of `stream`, in the order given; none if `hi` is below `lo`. */
interface Appended {
  readonly stream: string;
  readonly lo: number;
  readonly hi: number;
}

export interface BatchPick {
  /** Which end of the unacknowledged rows to take from. */
  readonly order: 'oldest' | 'newest';
  /** Only seqs within this closed range; all if left out. */
  readonly within?: SeqRange;
  /** Seqs to leave out: in flight, set aside or put off. */
  readonly except?: SeqRanges;
  readonly rowsMax: number;
  /** One row is given even if it is larger: somebody must learn that it does not fit. */
  readonly bytesMax: number;
}

/** Readings ready to be posted: `body` is the JSON text of a `BatchRequest`. */
export interface OutgoingBatch {
  readonly stream: string;
  readonly seqs: SeqRanges;
  readonly rows: number;
  readonly body: string;
  /** Wall time of the oldest and newest reading in it. */
  readonly oldestAt: number;
  readonly newestAt: number;
  /** It carries no readings, but tells what will never come: for `noteTold`, once it has been stored. */
  readonly goneUpTo?: number;
  /** It carries no readings, but by how much these are to be moved: for `noteCorrected`, once it has been stored. */
  readonly corrects?: SeqRanges;
}

export interface Backlog {
  /** Rows this destination has not acknowledged. */
  readonly rows: number;
  /** Wall time of the oldest of them. */
  readonly oldestAt: number | undefined;
}

/** Why a destination will never take a reading, in its own words. */
export interface Refused {
  readonly seq: number;
  readonly code: string;
  readonly message: string;
}

export interface DeadLetter {
  readonly destination: string;
  readonly stream: string;
  readonly seq: number;
  readonly reading: Reading;
  /** What it stands for, if it is a thinned one. */
  readonly thinned?: Thinned;
  /** The boot that `reading.monoMs` counts from. */
  readonly bootId: string;
  readonly code: string;
  readonly message: string;
  readonly buriedAt: number;
}

/** What a destination has been answering, and since when. */
export interface OutcomeRecord {
  readonly kind: OutcomeKind;
  /** Why, when it is not `stored`, or when some of it was refused for now. */
  readonly reason: string;
  readonly sinceAt: number;
}

export interface BreakerTransition {
  readonly destination: string;
  readonly from: BreakerRecord['state'];
  readonly to: BreakerRecord['state'];
  readonly at: number;
  readonly reason: string;
  readonly step: number;
}

/** What the outbox does about readings whose times nobody vouched for. */
export interface OutboxClock {
  /** Wall minus monotonic time at the last trusted moment of this boot; `undefined`: there was none. */
  trustedOffsetMs(): number | undefined;

  /** The clock is trusted. Kept like an acknowledgement; readings that are appended late are mended by it. */
  trust(offsetMs: number): void;

  /**
   * Gives a bounded number of rows of this boot their true times, durably, and returns how many; `undefined` if
   * none is left, or the clock is not trusted. What was sent before is corrected by `correctionBatch`.
   */
  restamp(): number | undefined;

  /** The machine has slept: monotonic times count from another boot from now on, and what is older stays as it is. */
  beginBoot(bootId: string): void;

  /** Rows that are offered to nobody until the clock is trusted, at most for so long; no rows, no wait. */
  held(): { readonly seqs: SeqRanges; readonly forMs: number };
}

export interface Outbox {
  /** Times without readings, and why. */
  readonly silences: SilenceBook;

  /** The stream that new readings join. */
  readonly stream: string;

  /**
   * Accepts a round: rows, pending acknowledgements and trimming in one transaction. Rows whose seq
   * every destination has acknowledged are deleted from the front, a bounded number each time.
   * No readings: no seq is assigned, and the rest is done as by `flush`.
   * Throws `SGW_READING_INVALID` or what SQLite throws; then nothing was accepted.
   */
  append(readings: readonly Reading[]): Appended;

  /**
   * The next unacknowledged rows of a destination, or `undefined` if there are none. Readings of one
   * stream only; they are in the order of their seqs, whichever end they were taken from.
   */
  batch(destination: string, pick: BatchPick): OutgoingBatch | undefined;

  /**
   * Notes that `destination` has named these seqs of `stream` as durably stored. Kept in memory until
   * the next `append` or `flush`: a crash in between only means that they are sent again and
   * recognised. Unknown seqs are ignored, which makes a repeated acknowledgement harmless.
   */
  acknowledge(destination: string, stream: string, seqs: SeqRanges): void;

  /**
   * Moves readings to the dead letters with the server's reason, durably, and counts them as acknowledged.
   * One transaction. Seqs that are unknown or acknowledged already are ignored: safe to call twice.
   */
  bury(destination: string, stream: string, refusals: readonly Refused[]): void;

  /**
   * Gives up seqs that nobody will get any more, durably: they are offered to no destination, and each is
   * told the cause. What every destination has acknowledged, or was never assigned, is left alone. One
   * transaction; throws what SQLite throws, and then nothing has changed.
   */
  declareGone(seqs: SeqRanges, cause: GoneCause): void;

  /**
   * What this destination has not been told of the seqs that will never come; `undefined` if it knows all.
   * A request of its own, so that a store that objects to it never makes a reading look guilty.
   */
  goneBatch(destination: string): OutgoingBatch | undefined;

  /** Notes that `destination` has been told so far; kept like an acknowledgement. */
  noteTold(destination: string, goneUpTo: number): void;

  /**
   * By how much readings that this destination has been sent with untrusted times are to be moved, as far as it
   * has not been told; `undefined` if there are none. A request of its own, as `goneBatch`.
   */
  correctionBatch(destination: string): OutgoingBatch | undefined;

  /** Notes that `destination` has been told of the corrections of these seqs; kept like an acknowledgement. */
  noteCorrected(destination: string, told: SeqRanges): void;

  readonly clock: OutboxClock;

  /** Makes pending acknowledgements durable and trims: for a drain, when no append comes by. */
  flush(): void;

  /** Costs the number of acknowledged ranges and one look-up, however many rows there are. */
  backlog(destination: string): Backlog;

  /**
   * Begins another stream in the same file, durably, and returns its id: for when the store knows seqs of
   * the present one that were never assigned here, because the program goes on in a second place.
   */
  beginStream(): string;

  /**
   * Takes rows of another file in, under the stream and seqs they were accepted with, and names the lost ones.
   * One transaction; safe to repeat. Throws `SGW_INTERNAL` if this file has assigned some of the seqs itself.
   */
  adopt(adoption: Adoption): void;

  /** Takes dead letters and entries of the ledger of another file in. One transaction; safe to repeat. */
  restore(restoration: Restoration): void;

  /** The latest streams that accepted something, the newest first, with what is believed of `destination`. */
  runs(destination: string, limit: number): Run[];

  /**
   * Does what follows from a comparison with the store of `destination`, durably: what it has is acknowledged,
   * and what it lacks waits again or, where the row has left, is named in the ledger. One transaction; seqs
   * that were never assigned are ignored, and so is what it never acknowledged.
   */
  reconcile(destination: string, stream: string, compared: Compared): Reconciled;

  /** Notes durably that another copy of this file went on. Says whether that is news. */
  noteRollback(destination: string, rollback: Rollback): boolean;

  /** Rows that a destination has not acknowledged, by stream; from memory, whatever has become of the file. */
  waiting(): readonly WaitingRows[];

  /** The latest first. */
  deadLetters(limit: number): DeadLetter[];

  /**
   * Makes dead letters of a destination rows that wait for it again, under their own identity, durably: that
   * of `seq`, or a bounded number of all. Returns how many; 0 means that there are none left.
   */
  redrive(destination: string, seq: number | undefined): number;

  /** Deletes dead letters for good: that of `seq`, or all of a destination. Returns how many. */
  dropDeadLetters(destination: string, seq: number | undefined): number;

  /** Gives a bounded number of unused bytes back to the file system; returns how many are left. */
  compact(): number;

  breaker(destination: string): BreakerRecord | undefined;

  /** Durable. If the state is not the one before, it also becomes a row of the transitions. */
  saveBreaker(destination: string, record: BreakerRecord): void;

  /** Durable, if it says something else than the last one did; the steady state writes nothing. */
  noteOutcome(destination: string, outcome: OutcomeRecord): void;

  /** The latest first; the last 1,000 are kept. */
  breakerTransitions(limit: number): BreakerTransition[];

  /** Makes pending acknowledgements durable, too. */
  close(): void;
}
