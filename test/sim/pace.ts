/**
 * How much slower everything that comes again and again is in a simulated world than a person would have it: rounds,
 * looks, pauses, faults and the rests between them, all by the same factor. What is simulated is what happens, in the
 * order and at the distances that chance gives it; days in which nothing new does cost most of the time and show nothing.
 */

const SLOWER = 12;

/** A time of something that recurs, as it is in this world. */
export const paced = (ms: number): number => ms * SLOWER;
