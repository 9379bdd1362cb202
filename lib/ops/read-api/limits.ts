/**
 * How much whoever asks may ask for. The unit's MemoryMax is 256 MiB, and whatever is asked, a step of it is over
 * in some ten milliseconds and an answer in ten seconds: whoever wants more asks for the next page.
 */

import type { HttpLimits } from '../../base/http/http-server.ts';

export const READ_API_LIMITS: HttpLimits = {
  // Questions have no body.
  bodyBytesMax: 1_024,
  // A cursor and a browser's cookies fit.
  headerBytesMax: 16_384,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  // Browsers keep theirs for minutes; a dashboard that asks every 10 s should not connect each time.
  keepAliveTimeoutMs: 30_000,
  requestsPerSocketMax: 1_000,
  // As many as the write API takes: 200 slow clients leave room for others, and browsers open six each.
  connectionsMax: 256,
  closeGraceMs: 2_500,
};

/** A client that takes nothing of its answer for so long is gone. */
export const IDLE_MAX_MS = 60_000;

/** A page that waits longer than this has lost the person in front of it. */
export const ANSWER_MAX_MS = 10_000;

/** Questions that are answered at the same time; beyond it 503. Each asks the thread one thing at a time. */
export const QUESTIONS_MAX = 8;

/** Each keeps a connection for as long as its client takes. */
export const EXPORTS_MAX = 4;

/** Readings or rollups that one look reads: some ten milliseconds on a slow machine. */
export const LOOK_ROWS_MAX = 4_000;

/** Rows of one answer: about 1.5 MiB of JSON. */
export const ANSWER_ROWS_MAX = 20_000;

/** The same while it is being made, as rows and as text. */
export const ANSWER_HELD_BYTES = 6 * 1_048_576;

/** A page of readings on its way has 2 MiB; without a limit the thread may take as much as the program. */
export const THREAD_HEAP_MIB = { young: 16, old: 32 } as const;
export const THREAD_BYTES_MAX = (THREAD_HEAP_MIB.young + THREAD_HEAP_MIB.old) * 1_048_576;

/** Points of a series that a chart can show on any screen. */
export const POINTS_DEFAULT = 1_000;
export const POINTS_MAX = 10_000;

/** Series of one answer with points. */
export const CHARTED_SERIES_MAX = 50;

/** Series in a list, and newest readings: 200 KiB of JSON. */
export const SERIES_PAGE_DEFAULT = 100;
export const SERIES_PAGE_MAX = 1_000;

/** Readings or rollups that are read for an answer with gaps: 200 looks, a few seconds of a slow machine. */
export const ANSWER_ROWS_READ_MAX = 200 * LOOK_ROWS_MAX;

/** Gaps in one answer. */
export const GAPS_MAX = 1_000;

/** A thread that copies has no rows in its hands. */
export const COPY_HEAP_MIB = { young: 4, old: 16 } as const;
export const COPY_BYTES_MAX = (COPY_HEAP_MIB.young + COPY_HEAP_MIB.old) * 1_048_576;

/** A copy of 10 GiB on a card that writes 10 MiB a second, and reading it again twice. */
export const COPY_MAX_MS = 3_600_000;

/** Somebody who takes a copy a byte a second would keep its room on the disk for ever. */
export const DOWNLOAD_MAX_MS = 3_600_000;
