/** What the running reader says of quiet hours, in the words that `status`, `why` and `sensors list` share. */

import type { QuietHealth } from '../../lib/ops/health-shape.ts';
import type { ProgramState } from './running.ts';
import { count } from './words.ts';

/** `undefined`: it is delivered to as always, or no reader runs that could say. */
export function quietDestination(
  { state, health }: Pick<ProgramState, 'state' | 'health'>,
  destination: string,
): QuietHealth | undefined {
  if (state !== 'running') return undefined;
  return health.destinations.find(({ name }) => name === destination)?.quiet;
}

interface SourceLook {
  readonly name: string;
  readonly failures: number;
  readonly quiet: QuietHealth | undefined;
}

/** `12 sources, and all answer`; `12 sources, 3 of them quiet until 06:00, and all others answer`. */
export function sourcesInWords(states: readonly SourceLook[]): string {
  const quiet = states.flatMap((one) => one.quiet ?? []);
  const silent = states.filter((one) => one.failures > 0 && one.quiet === undefined).map(({ name }) => name);
  const all = count(states.length, 'source');
  const [first] = quiet.toSorted((a, b) => a.untilAt - b.untilAt);
  if (first !== undefined && quiet.length === states.length) return `${all}, quiet ${first.words}`;
  const hushed = first === undefined ? '' : `, ${quiet.length} of them quiet ${first.words}`;
  const answering = `and all ${first === undefined ? '' : 'others '}answer`;
  return `${all}${hushed}, ${silent.length === 0 ? answering : `of which just now ${silent.join(', ')} did not answer`}`;
}
