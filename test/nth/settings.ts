/** What `npm run test:nth` hands to the tests; by itself a suite runs its share. */

const { NTH_RUNS, NTH_SEED } = process.env;

/** Runs of each loop; `undefined`: it was not asked for the whole. */
export const RUNS = NTH_RUNS === undefined ? undefined : Number(NTH_RUNS);

/** Decides which calls fail, and in a share which loops there are. */
export const SEED = Number(NTH_SEED ?? 1 + (Date.now() % 1_000_000));
