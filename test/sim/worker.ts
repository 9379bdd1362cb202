/**
 * A process that runs seeds for `crew.js`, one at a time: it is handed a job, and answers with what came of it. Ends
 * with whoever has started it, and leaves no files behind then.
 */

import { rmSync } from 'node:fs';
import { runSeed } from './run-seed.ts';

/** What `crew.js` hands out. */
export interface Job {
  readonly seed: number;
  readonly days: number;
  /** The directory that worlds are made in. */
  readonly within: string;
  /** Print each line of the trace as it comes. */
  readonly show?: boolean;
  readonly untilProblem?: boolean;
}

let within: string | undefined;

process.on('message', (message) => {
  const job = message as Job;
  within = job.within;
  void runSeed({ ...job, show: job.show ? (line) => console.log(line) : undefined }).then((result) =>
    process.send?.(result),
  );
});

process.on('disconnect', () => {
  if (within !== undefined) rmSync(within, { recursive: true, force: true });
  process.exit();
});

// Whoever read the trace has seen enough of it.
process.stdout.on('error', () => process.exit());
