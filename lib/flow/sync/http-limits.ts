/** What an answer may take of memory, and a connection of time, apart from the client: who asks need not load it. */

/** What a full batch can be answered with: 4,000 refusals in the words of our store have under 900 KiB. */
export const ANSWER_BYTES_MAX = 1_048_576;
/** Shorter than servers' usual 5 s and longer than the gap between two batches of a drain. */
export const KEEP_ALIVE_MS = 4_000;
