/** What is done to a book of tickets that is to be killed: decided by a seed and the place in the row, as often as it is asked. */

import { SEVERITIES, TICKET_MOVES } from '../../lib/ops/tickets/ticket.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import type { TicketCall } from '../support/ticket-model.ts';

/** Few, so that they come and go often enough to flap. */
const KEYS = 4;

/** From one call to the next, on the clock of the tickets. */
export const STEP_MS = 25_000;

/** The n-th call, from 0. */
export function callAt(seed: number, n: number): TicketCall {
  const random = createSeededRandom(seed * 1_000_003 + n);
  const below = (limit: number) => Math.floor(random.fraction() * limit);
  const keys = Array.from({ length: 1 + below(3) }, () => below(KEYS));
  const kind = random.fraction();
  if (kind < 0.45) {
    return { do: 'report', found: keys.map((key) => [key, SEVERITIES[below(3)] ?? 'info'] as const) };
  }
  if (kind < 0.8) return { do: 'recovered', keys };
  const to = TICKET_MOVES[below(TICKET_MOVES.length)] ?? 'held';
  // Among the latest, as far as one can tell: there is a new one in every tenth call or so.
  return { do: 'move', ticket: Math.max(0, Math.floor(n / 8) - below(8)), to, note: 'by hand' };
}
