/** What the running reader says of its sources, in words and as what wants a look. */

import type { BusHealth, SourceHealth } from '../../lib/ops/health-shape.ts';
import type { ProgramState } from './running.ts';
import { qualityProblems } from './sensors-quality.ts';
import { ageInWords } from './words.ts';

/** The sources of a running reader by name; none if it does not run. */
export function sourceStates({ health }: ProgramState): ReadonlyMap<string, SourceHealth> {
  return new Map(health.sources.map((source) => [source.name, source]));
}

/** Buses on which an exchange hangs, so that nothing else can be asked there. */
export function stuckBuses({ health }: ProgramState): readonly BusHealth[] {
  return health.buses.filter(({ stuck }) => stuck);
}

export function stuckInWords({ bus, stuckSinceAt }: BusHealth, nowMs: number): string {
  const since = stuckSinceAt === undefined ? '' : ` for ${ageInWords(nowMs - stuckSinceAt)}`;
  return `I2C bus ${bus} has been stuck${since}: power its sensors off and on, or unplug them one by one`;
}

/** One failure is a hiccup, and two may be; the third in a row wants a look. */
const FAILURES_TO_LOOK = 3;

/** Sources that want a look, each as a sentence. */
export function sensorProblems(states: ReadonlyMap<string, SourceHealth>): readonly string[] {
  const asked = Array.from(states.values()).filter(({ quiet }) => quiet === undefined);
  return asked.flatMap(({ name, failures, failure, quality }) =>
    failures >= FAILURES_TO_LOOK
      ? [`source ${name} fails: ${failure ?? 'no answer'}`]
      : qualityProblems(quality),
  );
}

/** `ok, 4 s ago`, `quiet until 06:00; last answered 3 h ago`, `failing: no answer (12 times in a row), left alone for 40 s`. */
export function stateInWords(state: SourceHealth, nowMs: number): string {
  const { failures, failure, lastOkAt, breaker, nextTryAt, faults } = state;
  const ago = lastOkAt === undefined ? undefined : `${ageInWords(nowMs - lastOkAt)} ago`;
  if (state.quiet !== undefined) {
    return `quiet ${state.quiet.words}${ago === undefined ? '' : `; last answered ${ago}`}`;
  }
  if (failures === 0) return ago === undefined ? 'has not been read yet' : `ok, ${ago}`;
  const times = failures === 1 ? '' : ` (${failures} times in a row)`;
  const pause = nextTryAt === undefined ? '' : ` for ${ageInWords(nextTryAt - nowMs)}`;
  const alone = breaker === 'open' ? `, left alone${pause}` : '';
  const classes = Object.entries(faults).map(([fault, n]) => `${fault} ${n}`);
  const counted = classes.length === 0 ? '' : `; since the start ${classes.join(', ')}`;
  const last = ago === undefined ? 'never answered since the start' : `last answered ${ago}`;
  return `failing${times}: ${failure ?? 'no answer'}; ${last}${alone}${counted}`;
}
