/** What an SQLite file of ours may take of time, memory and disk, apart from the engine: who asks need not load it. */

/** All calls block the only thread, the heartbeat with it: wait briefly here, retry outside. */
export const BUSY_TIMEOUT_MS = 250;

/** MiB in the WAL before a commit checkpoints: small, for a small card. */
export const WAL_MIB = 4;

/** Page cache: 2 MiB is plenty for an append-only log. */
export const CACHE_KIB = 2_048;
