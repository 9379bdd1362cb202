/** One question on its way to an answer: it asks the store in small looks, and is over in time whatever the store does. */

import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import { readProblem } from './problem.ts';

/** Works with an `ask` that refuses to go on once the time is over. Rejects with `answer_timeout` then. */
export async function inTime<T>(
  deps: { readonly clock: Clock; readonly ask: AskStore },
  maxMs: number,
  work: (ask: AskStore) => Promise<T>,
): Promise<T> {
  const outcome = await withDeadline(deps.clock, 'answer', maxMs, (late) =>
    work((name, ...args) => {
      if (late.aborted) throw tooLate(maxMs);
      return deps.ask(name, ...args);
    }),
  );
  if (outcome.late) throw tooLate(maxMs);
  return outcome.value;
}

function tooLate(maxMs: number): Error {
  return readProblem('answer_timeout', `there is no answer after ${maxMs / 1_000} s`, { retryAfterS: 5 });
}
