/**
 * What a person may do to a ticket in which state, as a table: whatever is not in it is refused. The monitor's own
 * moves are few: it opens a ticket, resolves one that is proven to be well, and opens one again that flaps.
 *
 *   open -> acknowledged -> diagnosed -> resolved      forward only; any step may be left out
 *   held, released                                     beside the state, in every one but resolved
 */

import { GatewayError } from '../../base/errors.ts';
import type { Ticket, TicketMove, TicketState } from './ticket.ts';
import { ticketName } from './ticket-name.ts';

type Table = Readonly<Record<TicketState, Readonly<Partial<Record<TicketMove, TicketState>>>>>;

/** A diagnosis may be corrected by another one; nothing else can be said twice. */
const MOVES: Table = {
  open: {
    acknowledged: 'acknowledged',
    diagnosed: 'diagnosed',
    held: 'open',
    released: 'open',
    resolved: 'resolved',
  },
  acknowledged: {
    diagnosed: 'diagnosed',
    held: 'acknowledged',
    released: 'acknowledged',
    resolved: 'resolved',
  },
  diagnosed: {
    diagnosed: 'diagnosed',
    held: 'diagnosed',
    released: 'diagnosed',
    resolved: 'resolved',
  },
  resolved: {},
};

/** Throws `SGW_TICKET_MOVE` if the move is not legal for this ticket, or is a diagnosis without words. */
export function stateAfter(
  ticket: Pick<Ticket, 'id' | 'state' | 'held'>,
  move: TicketMove,
  note: string | undefined,
): TicketState {
  const { id, state, held } = ticket;
  const name = ticketName(id);
  const next = MOVES[state][move];
  if (next === undefined && state === move) throw illegal(`${name} is ${state} already`, name, state);
  if (next === undefined) throw illegal(`${name} is ${state}, and cannot be ${move} any more`, name, state);
  if (move === 'held' && held) throw illegal(`${name} is held already`, name, state);
  if (move === 'released' && !held) throw illegal(`${name} is not held`, name, state);
  if (move === 'diagnosed' && !note?.trim())
    throw illegal('a diagnosis says what was found out', name, state);
  return next;
}

function illegal(message: string, name: string, state: TicketState): GatewayError {
  const hint =
    state === 'resolved'
      ? 'What is resolved stays so: if it is found again, there is a new ticket. See: sensorctl tickets list'
      : `What has become of it: sensorctl tickets show ${name}`;
  return new GatewayError('SGW_TICKET_MOVE', message, { hint });
}
