/** A book of tickets on paper: what notifications and events read of one, without rules and without a file. */

import type { Ticket, TicketChange, TicketState } from '../../lib/ops/tickets/ticket.ts';
import type { TicketQuestion } from '../../lib/ops/tickets/ticket-book.ts';

export interface PaperBook {
  changesAfter(id: number, limit: number): readonly TicketChange[];
  list(question: TicketQuestion): readonly Ticket[];
  /** Writes a change of the ticket of that key, which is made if there is none that goes on. */
  write(change: TicketChange['change'], about: Partial<Ticket> & { key: string }, at: number): Ticket;
  /** Forgets changes up to this one, as a bounded history does. */
  forgetTo(id: number): void;
  /** Another book, as after a damaged file. */
  beginAfresh(): void;
}

const STATES: Partial<Record<TicketChange['change'], TicketState>> = {
  opened: 'open',
  flapping: 'open',
  acknowledged: 'acknowledged',
  diagnosed: 'diagnosed',
  resolved: 'resolved',
};

export function createPaperBook(): PaperBook {
  let tickets = new Map<number, Ticket>();
  let changes: { id: number; ticket: number; change: TicketChange['change']; at: number }[] = [];
  let lastChange = 0;

  const unresolved = (key: string) =>
    [...tickets.values()].find((one) => one.key === key && one.state !== 'resolved');

  function fresh(key: string, at: number): Ticket {
    const [invariant = '', subject = ''] = key.split(':');
    return {
      id: tickets.size + 1,
      key,
      invariant,
      subject,
      severity: 'warning',
      title: `${key} is wrong`,
      hint: 'sensorctl doctor',
      evidence: {},
      state: 'open',
      held: false,
      flapping: false,
      occurrences: 1,
      firstSeenAt: at,
      lastSeenAt: at,
      recoveredAt: undefined,
      resolvedAt: undefined,
      diagnosis: undefined,
      batch: 'look',
    };
  }

  return {
    changesAfter: (id, limit) =>
      changes
        .filter((one) => one.id > id)
        .slice(0, limit)
        .flatMap(({ ticket, ...rest }) => {
          const now = tickets.get(ticket);
          return now === undefined ? [] : [{ ...rest, ticket: now, by: undefined, note: undefined }];
        }),
    list: ({ states, limit }) =>
      [...tickets.values()].filter(({ state }) => states?.includes(state) ?? true).slice(0, limit),
    write(change, about, at) {
      const before = unresolved(about.key) ?? fresh(about.key, at);
      const state = STATES[change] ?? before.state;
      const resolvedAt = state === 'resolved' ? at : undefined;
      const ticket = { ...before, ...about, state, resolvedAt, lastSeenAt: at };
      tickets.set(ticket.id, ticket);
      lastChange += 1;
      changes.push({ id: lastChange, ticket: ticket.id, change, at });
      return ticket;
    },
    forgetTo(id) {
      changes = changes.filter((one) => one.id > id);
    },
    beginAfresh() {
      tickets = new Map();
      changes = [];
      lastChange = 0;
    },
  };
}
