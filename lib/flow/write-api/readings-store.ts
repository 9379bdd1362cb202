/**
 * The ports to where readings rest: `ReadingsStore` takes them in, `ReadingsReader` reads them back on a
 * connection of its own, so that no question ever delays an answer to a sender. Both are asynchronous
 * although SQLite is not, because other stores are. An answer of `ingest` is a promise: what it calls
 * stored survives a power cut.
 */

import type { BatchRow, Correction } from '../batch.ts';
import type { BatchAnswer, GoneCause, Refusal, StreamAnswer, Thinned } from '../reading.ts';

/** What a reading is one of. Unique in a store. */
export interface SeriesKey {
  readonly gateway: string;
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
}

/** A batch whose readings have been checked one by one; see `ingest.ts`. */
export interface IncomingBatch {
  /** `undefined`: the store's own stream; seqs then count from 1 and are moved behind its highest. */
  readonly stream: string | undefined;
  /** Who delivers it. */
  readonly gateway: string;
  readonly series: readonly SeriesKey[];
  /** Good rows, ascending by seq, each seq once; their indices are within `series` and `sources`. */
  readonly rows: readonly BatchRow[];
  /** Rows found bad, by seqs that are not among `rows`. A seq that the store already has is a duplicate all the same. */
  readonly refused: readonly Refusal[];
  /** Seqs that will never come, with the cause. */
  readonly gone: readonly (readonly [lo: number, hi: number, cause: GoneCause])[];
  /** The streams that thinned rows name as their source. */
  readonly sources: readonly string[];
  /** Readings of this stream to be moved. Noted with the batch, and carried out soon after, in steps. */
  readonly corrections: readonly Correction[];
}

export interface IngestAnswer extends BatchAnswer {
  readonly stream: string;
}

interface StoreHealth {
  readonly ok: boolean;
  /** Why it is not ok. */
  readonly code?: StoreFaultCode;
  readonly schema: number;
  readonly rowsStored: number;
  readonly lastStoredAt: number | null;
}

export interface ReadingsStore {
  /** The stream of readings that came without one; born with the store. Throws `StoreFault` while it is not known. */
  readonly ownStream: string;

  /**
   * Stores what is new, all batches in one durable transaction, and answers for each in order. Safe to
   * repeat. Of a thinned reading only what is new of that which it stands for, and nothing of that again:
   * the counts of what is stored add up to the readings that were sent, in whatever form. Throws `StoreFault` when the
   * store cannot do it now; then nothing was stored, except where a server went away in the middle (`store_unreachable`):
   * there nobody knows, and what has a seq can be sent again.
   */
  ingest(batches: readonly IncomingBatch[]): Promise<IngestAnswer[]>;

  /** What it has of a stream, from seq `from` on; long lists in parts (`next`). Throws `StoreFault`. */
  stream(stream: string, from?: number): Promise<StreamAnswer>;

  /** Never throws: what is wrong is the answer. */
  health(): Promise<StoreHealth>;

  close(): Promise<void>;
}

export interface ReadingsFilter {
  /** Wall times, both inclusive. */
  readonly sinceAt: number;
  readonly untilAt?: number;
  readonly gateway?: string;
  readonly sensor?: string;
  readonly metric?: string;
  /** At most so many, the oldest first. */
  readonly limit?: number;
}

export interface StoredReading extends SeriesKey {
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly stream: string;
  readonly seq: number;
  /**
   * What it stands for, if its flags say that it is a thinned one. The count is of those readings that are not
   * stored in another way too; the rest is of all that were thinned together.
   */
  readonly thinned?: Thinned;
}

export interface StoreSummary {
  readonly series: number;
  /** How many readings have been received, from the ranges: a sum over few rows, not a count over all. */
  readonly received: number;
  /** Of those: how many are thinned ones, and how many readings they stand for. */
  readonly thinned: { readonly rows: number; readonly readings: number };
  readonly oldestAt: number | undefined;
  readonly newestAt: number | undefined;
}

export interface ReadingsReader {
  /**
   * In the order of their times, in bounded memory, holding no lock between rows: what is stored while
   * this runs may or may not be seen, and nothing is seen twice.
   */
  readings(filter: ReadingsFilter): AsyncIterable<StoredReading>;

  summary(): Promise<StoreSummary>;

  close(): Promise<void>;
}

/** Why a store cannot work now, and how long to wait before trying again, in seconds. */
export const STORE_FAULTS = {
  /** Another process writes for longer than we are ready to block. */
  store_busy: { retryAfterS: 1, hint: 'Another program has the store locked; it will be free in a moment.' },
  /** Space comes back when somebody makes some. */
  store_full: {
    retryAfterS: 60,
    hint: 'Free some space on the disk of the data directory, then nothing else is needed.',
  },
  store_io: {
    retryAfterS: 30,
    hint: 'Look for errors of the disk in `dmesg`, and whether it is mounted read-only.',
  },
  store_corrupt: {
    retryAfterS: 60,
    hint: 'The write API starts afresh by itself, sets the file aside and saves what it can; the reader keeps its readings meanwhile.',
  },
  /** A server that is down, frozen, far away, or does not let us in or write. */
  store_unreachable: {
    retryAfterS: 5,
    hint: 'See whether the database server runs, lets the write API in, and can be written to; it connects again by itself.',
  },
  store_closed: { retryAfterS: 5, hint: 'The write API is stopping. Try again when it has started.' },
} as const;
export type StoreFaultCode = keyof typeof STORE_FAULTS;

/**
 * The store cannot do it now and has changed nothing that we know of: try again later. Anything else that it throws is a
 * bug.
 */
export class StoreFault extends Error {
  readonly code: StoreFaultCode;

  constructor(code: StoreFaultCode, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreFault';
    this.code = code;
  }
}
