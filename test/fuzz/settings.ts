/** How long the fuzz goes on, and with what: from the environment, because a test takes no arguments. */

/** To the write API; the read API is asked a tenth of it. `.ci/run` asks for 100,000. */
export const REQUESTS = positive('FUZZ_REQUESTS', 20_000);
/** Decides what is sent; in which order it arrives is the machine's own affair. Another one each time. */
export const SEED = positive('FUZZ_SEED', 1 + (Date.now() % 2_000_000_000));

function positive(name: string, initial: number): number {
  const value = Number(process.env[name] ?? initial);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1`);
  return value;
}
