/**
 * When a thing that comes and goes is one thing. Decided from the stored history, so that a restart of the monitor,
 * which may itself be a part of what goes wrong, does not forget it.
 */

import { elapsedMs, type Stamp } from './stamp.ts';
import type { TicketChangeKind } from './ticket.ts';

export interface FlappingRule {
  /** So many openings, the present one included, ... */
  readonly openings: number;
  /** ... within this time make it flap. */
  readonly withinMs: number;
  /** It is over when it has not been found for so long. Not less than `withinMs`, or it would flap again at once. */
  readonly quietMs: number;
}

/** Three times in five minutes is no accident; ten minutes of quiet are twice as long as what made us call it so. */
export const FLAPPING: FlappingRule = { openings: 3, withinMs: 300_000, quietMs: 600_000 };

/** A line of the history of a key. */
export interface PastChange extends Stamp {
  readonly change: TicketChangeKind;
  readonly by: string | null;
}

/** How many lines of its history, from the latest on, the rule looks at: between two openings lies one resolution. */
export function linesToLookAt({ openings }: FlappingRule): number {
  return 2 * (openings - 1);
}

/**
 * Whether one opening more makes the key flap. `past` are its openings and resolutions, the latest first. Where a
 * person has resolved it, counting begins anew: that it is found again then says nothing about coming and going.
 */
export function isFlapping(past: readonly PastChange[], now: Stamp, rule: FlappingRule): boolean {
  const byPerson = past.findIndex(({ change, by }) => change === 'resolved' && by !== null);
  const counted = byPerson === -1 ? past : past.slice(0, byPerson);
  const openings = counted.filter((one) => one.change !== 'resolved' && elapsedMs(one, now) <= rule.withinMs);
  return openings.length + 1 >= rule.openings;
}

/** Whether a ticket that flaps has been quiet for long enough to be over. */
export function isQuiet(lastSeen: Stamp, now: Stamp, rule: FlappingRule): boolean {
  return elapsedMs(lastSeen, now) >= rule.quietMs;
}
