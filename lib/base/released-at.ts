/** When this version was made, as a floor for every clock: the reader's own, and the one that judges "in the future". */

/**
 * No right clock is before this: the day from which this version can have existed, moved with each release. A
 * constant, because the time of a build or of a file comes from a clock that may be the wrong one. Wall time, ms.
 */
export const RELEASED_AT = Date.UTC(2026, 0, 15);
