/**
 * `sensorctl tickets watch`: what is open, and then each change as it comes, until Ctrl-C. The file is opened anew for
 * each look: a monitor that starts afresh, or sets a damaged file aside, is followed, and nothing is kept open that
 * somebody else waits for.
 */

import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { printableJson } from '../../lib/base/printable.ts';
import type { Ticket, TicketChange } from '../../lib/ops/tickets/ticket.ts';
import { ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import type { TicketView } from '../../lib/ops/tickets/ticket-view.ts';
import type { Command, CommandContext } from './command.ts';
import { findPlaces, type Places } from './places.ts';
import { painter } from './severity-colour.ts';
import { lookAtTickets } from './ticket-file.ts';
import { byUrgency, changeAsJson, changeInWords, listed, ticketAsJson, UNRESOLVED } from './ticket-words.ts';

/** The monitor looks every 30 s; what a person types should be seen as it is typed. */
const LOOK_EVERY_MS = 1_000;
/** Changes of one look; more are told by the next. */
const CHANGES_AT_ONCE = 200;
/** More than there can be open. */
const OPEN_MAX = 1_000;

export interface TicketsWatchDeps {
  readonly clock: Pick<Clock, 'sleep'>;
}

export function createTicketsWatch({ clock }: TicketsWatchDeps): Command {
  return {
    name: 'tickets watch',
    about: 'tell of each ticket as it opens, changes and is resolved, until Ctrl-C',
    options: {},
    examples: [
      ['sensorctl tickets watch', 'beside the work on it'],
      ['sensorctl tickets watch --json', 'a line of JSON for each change'],
    ],
    async run(context) {
      const { terminal, json } = context;
      const places = findPlaces(context);
      let after = await begin(context, places);
      while (terminal.isRead?.() !== false) {
        await clock.sleep('tickets', LOOK_EVERY_MS);
        const changes = await looked(places, (view) => view.changesAfter(after, CHANGES_AT_ONCE));
        for (const change of changes ?? []) {
          await terminal.out(json ? asJson(change) : inWords(change));
          after = change.id;
        }
      }
      return EXIT.ok;
    },
  };
}

export const ticketsWatch = createTicketsWatch({ clock: systemClock });

/** Says what is open, and returns the change that is known so far. */
async function begin(context: CommandContext, places: Places): Promise<number> {
  const { terminal, json } = context;
  const found = await looked(places, (view) => ({
    open: view.list({ limit: OPEN_MAX, states: UNRESOLVED }).toSorted(byUrgency),
    after: view.latestChange(),
  }));
  if (!json) {
    const open: readonly Ticket[] = found?.open ?? [];
    for (const line of listed(open, { nowMs: context.wallMs(), terminal }, painter(terminal)))
      await terminal.out(line);
    terminal.note(
      `${open.length === 0 ? 'No tickets are open. ' : ''}Waiting for changes; Ctrl-C ends this.`,
    );
  }
  return found?.after ?? 0;
}

/** `undefined`: there is no file yet; the monitor will make it. */
async function looked<T>(places: Places, look: (view: TicketView) => T): Promise<T | undefined> {
  try {
    return await lookAtTickets(places, look);
  } catch (error) {
    const soon = ['SGW_DATABASE_MISSING', 'SGW_TICKET_BUSY', 'SGW_TICKET_DAMAGED'];
    if (error instanceof GatewayError && soon.includes(error.code)) return undefined;
    throw error;
  }
}

function inWords(change: TicketChange): string {
  const { id, severity, title } = change.ticket;
  const line = changeInWords(change, `${ticketName(id)}  ${severity}  `);
  // Its own changes quote the title; those of people do not.
  return change.by === undefined && change.change !== 'resolved' ? line : `${line} (${title})`;
}

function asJson(change: TicketChange): string {
  return printableJson(JSON.stringify({ ...changeAsJson(change), ticket: ticketAsJson(change.ticket) }));
}
