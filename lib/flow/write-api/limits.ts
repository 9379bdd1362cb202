/**
 * How much one sender, or all of them together, may ask of the write API. Every number is set here, none
 * is left to a default of Node's: the unit's MemoryMax is 256 MiB, and a client costs nothing until it
 * has sent a whole request in time.
 */

import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../reading.ts';

export interface WriteApiLimits {
  readonly bodyBytesMax: number;
  readonly rowsMax: number;
  /** All headers of a request. Ours have 400 bytes; proxies add a few hundred. */
  readonly headerBytesMax: number;
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last. As long as the reader itself waits for a batch. */
  readonly requestTimeoutMs: number;
  /** Longer than undici keeps an idle connection (4 s), so that it is never we who close under a request. */
  readonly keepAliveTimeoutMs: number;
  /** Then a connection is renewed: balances a fleet over copies, and bounds what a connection can hoard. */
  readonly requestsPerSocketMax: number;
  /** With a body of 1 MiB each in flight, well under half of MemoryMax. */
  readonly connectionsMax: number;
  /** How long `close` waits for requests in flight; below the time that a program has for its stop. */
  readonly closeGraceMs: number;
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
  connectionsMax: 100,
  closeGraceMs: 2_500,
  futureMaxMs: 24 * 3_600_000,
};

/** How often Node looks for connections that have used up their time. */
export const CONNECTIONS_CHECK_MS = 1_000;

/**
 * A round is a few hundred bytes and touches two pages, which are written whole; a batch of 1000 touches one for
 * each series. A quarter of SQLite's own size halves what either writes, and takes no more time.
 */
export const STORE_PAGE_BYTES = 1_024;

/** Readings of many series touch a page each: 8 MiB keep the newest page of 8,000 series at hand. */
export const STORE_CACHE_KIB = 8_192;
/** A page of the cluster is written back once for many batches; takes a tenth off the time of a large backlog. */
export const STORE_WAL_MIB = 16;
