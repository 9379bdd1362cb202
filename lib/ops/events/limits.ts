/** How much of what happens is kept to be told, for how long, and how much a client may take of us. */

/** How often it is looked what is new, while somebody listens. A reading is shown within a second of being stored. */
export const LOOK_EVERY_MS = 1_000;
/** Longer than any disk takes for a few thousand rows; then another thread looks. */
export const LOOK_MAX_MS = 5_000;

/** Eight readings each 10 s fill it in an hour and a half: a laptop that was closed for lunch resumes. */
export const HISTORY_EVENTS_MAX = 4_096;
export const HISTORY_BYTES_MAX = 2 * 1_048_576;
/** So long after the last client has left its return is still expected. */
export const LINGER_MS = 600_000;

/** Browsers give up on nothing; proxies on a connection that says nothing for a minute, most of them. */
export const HEARTBEAT_MS = 15_000;
/** What a browser waits for before it connects again. */
export const RETRY_MS = 3_000;
/** Of a client that takes it slowly: what is on its way besides is the kernel's. */
export const CHUNK_BYTES_MAX = 16_384;
/** Each costs a connection and some 64 KiB. */
export const CLIENTS_MAX = 32;

/** Rows that have just arrived and are not in their places yet: they move there at some 2,000. */
export const RECENT_ROWS_MAX = 10_000;
/** Received ranges of all streams: a reader begins one each time it starts. */
export const RANGES_MAX = 50_000;
/** Of each series, so many of its newest readings are looked through for one that has moved to its place. */
export const NEWEST_ROWS_MAX = 100;
/** In more series than that it is not worth looking. */
export const SERIES_MAX = 500;
/** Changes of breakers and of tickets that are told at once; more come with the next look. */
export const CHANGES_PAGE = 200;

export const THREAD_HEAP_MIB = { young: 8, old: 32 } as const;
