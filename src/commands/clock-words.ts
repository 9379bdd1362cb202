/** What the running reader says of the machine's clock, in the words that `status` and `why` share. */

import { spanInWords } from '../../lib/ops/clock-lines.ts';
import type { ClockHealth } from '../../lib/ops/health-shape.ts';
import type { ProgramState } from './running.ts';
import { ageInWords, count } from './words.ts';

/** `undefined`: no reader runs, or it is of a version that does not say. */
export function clockOf({ health }: Pick<ProgramState, 'health'>): ClockHealth | undefined {
  return health.clock;
}

/** `not trusted (NTP has not synchronised it yet): 35 readings held back, waiting up to 4 min for a trusted clock`. */
export function clockInWords(clock: ClockHealth): string {
  if (clock.jumpedMs !== 0) {
    const way = clock.jumpedMs > 0 ? 'ahead of' : 'behind';
    const by = spanInWords(Math.abs(clock.jumpedMs));
    return `${by} ${way} the time that readings have, and nobody vouches for it`;
  }
  if (clock.trusted) return `trusted: ${clock.why}`;
  const meanwhile = clock.heldRows > 0 ? heldInWords(clock) : 'readings are sent with a mark';
  return `not trusted (${clock.why}): ${meanwhile}`;
}

export function heldInWords({ heldRows, heldForMs }: ClockHealth): string {
  return `${count(heldRows, 'reading')} held back, waiting up to ${ageInWords(heldForMs)} for a trusted clock`;
}

/** What somebody should look at; nothing, if it was a person who said that this clock is not to be trusted. */
export function clockProblems(clock: ClockHealth | undefined, trust: 'auto' | 'always' | 'never'): string[] {
  if (clock === undefined || trust === 'never' || (clock.trusted && clock.jumpedMs === 0)) return [];
  return [`the clock is ${clockInWords(clock)}`];
}

export function clockAsJson(clock: ClockHealth | undefined): object | null {
  if (clock === undefined) return null;
  const { trusted, why, jumpedMs, heldRows, heldForMs } = clock;
  return { trusted, why, jumped_ms: jumpedMs, held_rows: heldRows, held_for_ms: heldForMs };
}
