/** What `npm run test:vm` was asked for, handed on in the environment because a test takes no arguments. */

/** Power cuts under two outboxes. */
export const CUTS = Number(process.env.VM_CUTS ?? 3);
/** Decides when the power goes; what the machine does at that moment is its own affair. */
export const SEED = Number(process.env.VM_SEED ?? 1);
