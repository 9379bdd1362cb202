/**
 * Loaded before a program (`node --import`): at SIGUSR2 memory leaks away in one go, with no turn of the event loop
 * between, so that the kernel's limit is what ends it and no guard of the program's own can come first.
 */

const STEP_BYTES = 64 * 1_048_576;
/** Many times what any unit may have; without a limit the leak ends there, and not with the machine. */
const STEPS_MAX = 16;

const leaked: Buffer[] = [];

process.on('SIGUSR2', () => {
  // Filled, because memory that nobody has written to is not there yet.
  while (leaked.length < STEPS_MAX) leaked.push(Buffer.alloc(STEP_BYTES, 1));
});
