/**
 * What became of the tickets of a monitor that was killed: its book, held against the book before, against what was
 * said, and against how often each thing was really wrong.
 */

import { join } from 'node:path';
import { codeOf } from '../../lib/base/errors.ts';
import type { Ticket, TicketChangeKind } from '../../lib/ops/tickets/ticket.ts';
import { ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import { openTicketsReadOnly, type TicketView } from '../../lib/ops/tickets/ticket-view.ts';
import type { Line } from '../support/child.ts';

type BookTicket = Pick<Ticket, 'id' | 'key' | 'state' | 'flapping' | 'recoveredAt'>;

interface BookChange {
  readonly id: number;
  readonly ticket: number;
  readonly key: string;
  readonly change: TicketChangeKind;
  readonly at: number;
}

export interface TicketsBook {
  readonly tickets: readonly BookTicket[];
  readonly changes: readonly BookChange[];
}

export const NO_BOOK: TicketsBook = { tickets: [], changes: [] };

/** More than any run makes. */
const ROWS_MAX = 100_000;

/** For a reader that brings the log back; a monitor that was killed early has made no file yet. */
export function bookIn(dir: string): TicketsBook {
  let view: TicketView;
  try {
    view = openTicketsReadOnly(join(dir, 'tickets.db'));
  } catch (error) {
    if (codeOf(error) === 'SGW_DATABASE_MISSING') return NO_BOOK;
    throw error;
  }
  try {
    return {
      tickets: view.list({ limit: ROWS_MAX }),
      changes: view
        .changesAfter(0, ROWS_MAX)
        .map(({ id, ticket, change, at }) => ({ id, ticket: ticket.id, key: ticket.key, change, at })),
    };
  } finally {
    view.close();
  }
}

/** A change that a monitor has said: it must be in the book for ever. */
export interface Said {
  readonly ticket: string;
  readonly change: string;
}

export function saidIn({ ticket, change }: Line): readonly Said[] {
  return typeof ticket === 'string' && typeof change === 'string' ? [{ ticket, change }] : [];
}

export interface AuditedTickets {
  readonly before: TicketsBook;
  readonly now: TicketsBook;
  readonly said: readonly Said[];
  readonly timesWrong: ReadonlyMap<string, number>;
}

/** What is wrong with the book, in words. */
export function auditTickets({ before, now, said, timesWrong }: AuditedTickets): readonly string[] {
  const problems: string[] = [];
  const lost = before.changes.filter((old, i) => JSON.stringify(old) !== JSON.stringify(now.changes[i]));
  if (lost.length > 0) problems.push(`${lost.length} lines of history are not what they were`);
  const ids = new Set(now.tickets.map(({ id }) => id));
  const missing = before.tickets.filter(({ id }) => !ids.has(id));
  if (missing.length > 0) problems.push(`tickets are lost: ${missing.map(({ key }) => key).join(', ')}`);

  const unresolved = now.tickets.filter(({ state }) => state !== 'resolved').map(({ key }) => key);
  if (new Set(unresolved).size < unresolved.length)
    problems.push(`doubled: ${unresolved.sort().join(', ')} are unresolved`);
  for (const ticket of now.tickets) {
    const history = now.changes.filter((one) => one.ticket === ticket.id).map(({ change }) => change);
    // A ticket that flaps is opened again; any other only once.
    if (!/^(opened)( resolved flapping)*( resolved)?$/.test(history.join(' ')))
      problems.push(`the history of ${ticket.key} is ${history.join(', ')}`);
    if ((history.at(-1) === 'resolved') !== (ticket.state === 'resolved'))
      problems.push(`${ticket.key} is ${ticket.state} after ${history.join(', ')}`);
  }
  for (const key of new Set(now.tickets.map((ticket) => ticket.key))) {
    const openings = now.changes.filter((one) => one.key === key && one.change !== 'resolved').length;
    const times = timesWrong.get(key) ?? 0;
    if (openings > times) problems.push(`${key} was wrong ${times} times, and opened ${openings} times`);
  }
  const inBook = new Set(now.changes.map(({ ticket, change }) => `${ticketName(ticket)} ${change}`));
  const unkept = said.filter(({ ticket, change }) => !inBook.has(`${ticket} ${change}`));
  if (unkept.length > 0) problems.push(`said and not in the book: ${JSON.stringify(unkept)}`);
  return problems;
}
