/**
 * How much one sender, or all of them together, may ask of the write API. Every number is set here, none
 * is left to a default of Node's: the unit's MemoryMax is 256 MiB, and a client costs nothing until it
 * has sent a whole request in time.
 */

import type { HttpLimits } from '../../base/http/http-server.ts';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../reading.ts';
import type { AdmissionLimits } from './admission.ts';

export interface WriteApiLimits extends HttpLimits, AdmissionLimits {
  readonly rowsMax: number;
  /** All headers of a request. Ours have 400 bytes; proxies add a few hundred. */
  readonly headerBytesMax: number;
  /** From the first byte of a request to its last. As long as the reader itself waits for a batch. */
  readonly requestTimeoutMs: number;
  /** Longer than undici keeps an idle connection (4 s), so that it is never we who close under a request. */
  readonly keepAliveTimeoutMs: number;
  /** Then a connection is renewed: balances a fleet over copies, and bounds what a connection can hoard. */
  readonly requestsPerSocketMax: number;
  /** An open connection that has not sent a body costs some KiB: 200 slow clients leave room for others. */
  readonly connectionsMax: number;
  /** At 4 ms a commit and many to a commit, less than a second of work. */
  readonly waitingMax: number;
  /** As text and as rows they take a few times as much, and one request at a time does: under half of MemoryMax. */
  readonly heldBytesMax: number;
  /** A reader has two lanes, and asks what has arrived besides. */
  readonly reservedRequests: number;
  /** A round, and a batch of the backlog as it was sent and in plain. */
  readonly reservedBytes: number;
  /** A reading may be so far ahead of our clock: a wrong time zone (14 h) is kept, a wrong year is not. */
  readonly futureMaxMs: number;
}

export const WRITE_API_LIMITS: WriteApiLimits = {
  bodyBytesMax: BATCH_BYTES_MAX,
  rowsMax: BATCH_ROWS_MAX,
  headerBytesMax: 16_384,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  requestsPerSocketMax: 1_000,
  connectionsMax: 256,
  waitingMax: 128,
  heldBytesMax: 32 * 1_048_576,
  reservedRequests: 3,
  reservedBytes: 3 * BATCH_BYTES_MAX,
  closeGraceMs: 2_500,
  futureMaxMs: 24 * 3_600_000,
};

/**
 * A round is a few hundred bytes and touches two pages, which are written whole; a large batch touches one for
 * each series. A quarter of SQLite's own size halves what either writes, and takes no more time.
 */
export const STORE_PAGE_BYTES = 1_024;

/** Readings of many series touch a page each: 8 MiB keep the newest page of 8,000 series at hand. */
export const STORE_CACHE_KIB = 8_192;
/** A page of the cluster is written back once for many batches; takes a tenth off the time of a large backlog. */
export const STORE_WAL_MIB = 16;
