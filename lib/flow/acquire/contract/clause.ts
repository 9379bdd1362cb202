/**
 * A contract as a list of clauses, each of which can be tried by itself: by our tests on our own sources, and by
 * `sensorctl sensors check-driver` on the machine of somebody who has written a driver and has no test runner.
 */

import type { Clock } from '../../../base/clock.ts';
import { withDeadline } from '../../../base/deadline.ts';
import { messageOfAnything } from '../checked-measurement.ts';

export interface Clause<S> {
  /** A sentence about what holds. */
  readonly title: string;
  /** Rejects with what does not hold. */
  try(subject: S): Promise<void>;
}

export interface Verdict {
  readonly title: string;
  /** `undefined`: it holds. */
  readonly broken: string | undefined;
  /** It has not come to an end, and may never. */
  readonly late: boolean;
}

/** Longer than the longest deadline that a source may have is no answer any more. */
const CLAUSE_MAX_MS = 60_000;

/** Tries each clause on a subject of its own. Never rejects, and always ends. */
export async function tryClauses<S>(
  clauses: readonly Clause<S>[],
  create: () => S,
  clock: Clock,
  onVerdict: (verdict: Verdict) => void = () => {},
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const clause of clauses) {
    const verdict = { title: clause.title, ...(await outcomeOf(clause, create, clock)) };
    verdicts.push(verdict);
    onVerdict(verdict);
  }
  return verdicts;
}

async function outcomeOf<S>(
  clause: Clause<S>,
  create: () => S,
  clock: Clock,
): Promise<Omit<Verdict, 'title'>> {
  try {
    const { late } = await withDeadline(clock, clause.title, CLAUSE_MAX_MS, async () => clause.try(create()));
    return { late, broken: late ? `it has not come to an end in ${CLAUSE_MAX_MS / 1_000} s` : undefined };
  } catch (error) {
    return { late: false, broken: messageOfAnything(error) };
  }
}

/** `sentence` says what does not hold. */
export function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
