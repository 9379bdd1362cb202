/**
 * `sensorctl tickets ack|diagnose|hold|release|resolve`: what a person does to a ticket. Written with the name of who
 * did it, so that whoever comes next knows whom to ask.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import type { Ticket, TicketMove } from '../../lib/ops/tickets/ticket.ts';
import { ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { findPlaces } from './places.ts';
import { changeTickets } from './ticket-file.ts';
import { stateOf, TICKET, ticketAsJson, ticketOf } from './ticket-words.ts';

const why = { note: { value: 'TEXT', about: 'why, for whoever looks later' } };

export const ticketsAck = move({
  name: 'tickets ack',
  to: 'acknowledged',
  about: 'say that somebody is looking after it',
  options: why,
  examples: [['sensorctl tickets ack TKT-12', 'seen, and on my way']],
});

export const ticketsDiagnose = move({
  name: 'tickets diagnose',
  to: 'diagnosed',
  about: 'say what was found out about it',
  options: { note: { value: 'TEXT', about: 'what it is' } },
  examples: [['sensorctl tickets diagnose TKT-12 --note "the plug was loose"', 'for whoever has it again']],
});

export const ticketsHold = move({
  name: 'tickets hold',
  to: 'held',
  about: 'keep it from being resolved by itself',
  options: why,
  examples: [
    ['sensorctl tickets hold TKT-12 --note "wait for the new card"', 'it is not over when it looks well'],
  ],
});

export const ticketsRelease = move({
  name: 'tickets release',
  to: 'released',
  about: 'end a hold; if all is well, it is resolved at once',
  options: why,
  examples: [['sensorctl tickets release TKT-12', 'the new card is in']],
});

export const ticketsResolve = move({
  name: 'tickets resolve',
  to: 'resolved',
  about: 'say that it is over; found again, it is a new ticket',
  options: why,
  examples: [
    ['sensorctl tickets resolve TKT-12 --note "sensor removed"', 'nothing will prove it well any more'],
  ],
});

function move(
  what: Pick<Command, 'name' | 'about' | 'options' | 'examples'> & { readonly to: TicketMove },
): Command {
  const { to, ...described } = what;
  const command: Command = {
    ...described,
    operand: TICKET,
    async run(context) {
      const id = ticketOf(context, command);
      const note = textOption(context, 'note');
      if (to === 'diagnosed' && !note?.trim())
        throw usageError('a diagnosis says what was found out: --note TEXT', command.name);
      const by = personOf(context);
      const at = context.wallMs();
      const ticket = await changeTickets(findPlaces(context), (book) =>
        book.move({ id, to, by, at, ...(note === undefined ? {} : { note }) }),
      );
      await context.terminal.out(
        context.json
          ? printableJson(JSON.stringify(ticketAsJson(ticket)))
          : printable(`${ticketName(id)}: ${to}${nowOf(ticket, to)}. ${ticket.title}`),
      );
      return EXIT.ok;
    },
  };
  return command;
}

/** Where the move alone does not say how it stands: `; now open, held`. */
function nowOf(ticket: Ticket, to: TicketMove): string {
  const state = stateOf(ticket);
  return state === to ? '' : `; now ${state}`;
}

/** Behind sudo it is the person who typed it that others will want to ask. */
function personOf({ environment }: CommandContext): string {
  const { SUDO_USER, USER, LOGNAME } = environment;
  return printable(SUDO_USER || USER || LOGNAME || 'somebody');
}
