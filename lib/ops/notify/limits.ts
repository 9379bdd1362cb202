/** How much a notification may say, wait and weigh, and how many of them may wait. */

/** Things that may wait to be told, of each channel; beyond it they are counted. A machine has some hundred invariants. */
export const NEWS_MAX = 500;
/** Things that a message tells of one by one; a person reads no more, and `sensorctl tickets list` has the rest. */
export const TOLD_IN_FULL_MAX = 20;
/** Changes of tickets that are taken in at once: more than a look can make. */
export const CHANGES_PAGE = 200;

/** A title is one line. */
export const TITLE_LENGTH_MAX = 300;
export const HINT_LENGTH_MAX = 300;
/** Longer subjects are cut by mail programs and phones; ntfy takes 1 KiB. */
export const SUBJECT_LENGTH_MAX = 200;

/** From looking up the name to the last byte of the answer: mail servers that greet late take most of it. */
export const SEND_MAX_MS = 20_000;
/** How often it is looked whether there is something to tell. */
export const TURN_EVERY_MS = 5_000;

/**
 * Services for notifications are somewhere else and rest for hours at times: after the minute that our own API gets
 * it is enough to ask them each quarter of an hour.
 */
export const PAUSES_MS: readonly number[] = [10_000, 30_000, 60_000, 300_000, 900_000];

/** So many verdicts on its content, and a message is given up: the other side will not change its mind. */
export const REFUSALS_MAX = 5;

/** What a server says to a message, as much as a log line wants of it. */
export const SAID_LENGTH_MAX = 200;

/** What was told is forgotten when it can hold nothing back any more. */
export const TOLD_KEPT_MS = 90 * 86_400_000;
