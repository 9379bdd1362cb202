/** What `npm run test:crash` was asked for, handed on in the environment because a test takes no arguments. */

/** SIGKILLs in all, divided among gateways. */
export const KILLS = positive('CRASH_KILLS', 50);
/** SIGKILLs of a process that writes tickets. */
export const TICKET_KILLS = positive('CRASH_TICKET_KILLS', 200);
/** Power cuts under one outbox. */
export const CUTS = positive('CRASH_CUTS', 5);
/** Decides who is killed and when; what the machine does at that moment is its own affair. */
export const SEED = positive('CRASH_SEED', 1);

function positive(name: string, initial: number): number {
  const value = Number(process.env[name] ?? initial);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1`);
  return value;
}
