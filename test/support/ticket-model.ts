/**
 * What a ticket book must do, in the plainest words: lists in memory, and one true time that no clock spoils. The
 * property tests and the kills hold the real one to it, ticket by ticket and line by line.
 */

import { FLAPPING } from '../../lib/ops/tickets/flapping.ts';
import {
  type Finding,
  SEVERITIES,
  type Severity,
  type Ticket,
  type TicketChange,
  type TicketMove,
  type TicketState,
} from '../../lib/ops/tickets/ticket.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';

/** What is done to a book. Keys are small numbers, tickets are counted from the first. */
export type TicketCall =
  | { readonly do: 'report'; readonly found: readonly (readonly [key: number, severity: Severity])[] }
  | { readonly do: 'recovered'; readonly keys: readonly number[] }
  | { readonly do: 'move'; readonly ticket: number; readonly to: TicketMove; readonly note: string };

interface ModelTicket {
  readonly key: number;
  state: TicketState;
  held: boolean;
  flapping: boolean;
  occurrences: number;
  severity: Severity;
  worst: Severity;
  well: boolean;
  diagnosis: string | undefined;
  lastSeenMs: number;
  readonly history: string[];
}

/** When a key was opened, and whether a person has drawn a line since. */
interface KeyPast {
  openedMs: number[];
}

export interface TicketModel {
  /** Returns whether the book must have taken it; only a move may be refused. */
  call(one: TicketCall, nowMs: number): boolean;
  /** As `shown` shows the real one. */
  shown(): object[];
  /** As if it had never happened. */
  copy(): TicketModel;
}

export function createTicketModel(
  tickets: ModelTicket[] = [],
  pasts = new Map<number, KeyPast>(),
): TicketModel {
  const unresolved = (key: number) => tickets.find((one) => one.key === key && one.state !== 'resolved');
  const pastOf = (key: number): KeyPast => {
    const past = pasts.get(key) ?? { openedMs: [] };
    pasts.set(key, past);
    return past;
  };
  const isWorse = (one: Severity, than: Severity) => SEVERITIES.indexOf(one) > SEVERITIES.indexOf(than);

  function found(key: number, severity: Severity, nowMs: number): void {
    let ticket = unresolved(key);
    if (ticket === undefined) {
      const past = pastOf(key);
      past.openedMs.push(nowMs);
      const lately = past.openedMs.filter((at) => nowMs - at <= FLAPPING.withinMs);
      ticket = tickets.findLast((one) => one.key === key);
      if (ticket !== undefined && lately.length >= FLAPPING.openings) {
        Object.assign(ticket, { state: 'open', flapping: true, worst: severity });
        ticket.history.push('flapping');
      } else {
        ticket = {
          key,
          state: 'open',
          held: false,
          flapping: false,
          occurrences: 0,
          severity,
          worst: severity,
          well: false,
          diagnosis: undefined,
          lastSeenMs: nowMs,
          history: ['opened'],
        };
        tickets.push(ticket);
      }
    } else if (isWorse(severity, ticket.worst)) {
      ticket.worst = severity;
      ticket.history.push('worsened');
    }
    ticket.occurrences += 1;
    Object.assign(ticket, { severity, lastSeenMs: nowMs, well: false });
  }

  function settle(nowMs: number): void {
    for (const one of tickets) {
      const stays = one.held || (one.flapping && nowMs - one.lastSeenMs < FLAPPING.quietMs);
      if (one.state === 'resolved' || !one.well || stays) continue;
      Object.assign(one, { state: 'resolved', well: false });
      one.history.push('resolved');
    }
  }

  function move(ticket: ModelTicket, to: TicketMove, note: string): boolean {
    if (ticket.state === 'resolved') return false;
    if (to === 'held' || to === 'released') {
      if (ticket.held === (to === 'held')) return false;
      ticket.held = to === 'held';
    } else {
      if (to === 'acknowledged' && ticket.state !== 'open') return false;
      if (to === 'diagnosed' && note === '') return false;
      ticket.state = to;
      if (to === 'diagnosed') ticket.diagnosis = note;
      if (to === 'resolved') {
        Object.assign(ticket, { held: false, well: false });
        pastOf(ticket.key).openedMs = [];
      }
    }
    ticket.history.push(`${to} by hand`);
    return true;
  }

  return {
    call(one, nowMs) {
      switch (one.do) {
        case 'report': {
          const worst = new Map<number, Severity>();
          for (const [key, severity] of one.found)
            if (!worst.has(key) || isWorse(severity, worst.get(key) ?? severity)) worst.set(key, severity);
          for (const [key, severity] of worst) found(key, severity, nowMs);
          settle(nowMs);
          return true;
        }
        case 'recovered':
          for (const key of one.keys) {
            const ticket = unresolved(key);
            if (ticket !== undefined) ticket.well = true;
          }
          settle(nowMs);
          return true;
        case 'move': {
          const ticket = tickets[one.ticket];
          if (ticket === undefined || !move(ticket, one.to, one.note)) return false;
          if (one.to === 'released') settle(nowMs);
          return true;
        }
      }
    },
    shown: () =>
      tickets.map(({ worst: _, lastSeenMs: __, key, ...one }, index) => ({
        id: index + 1,
        key: keyOf(key),
        ...one,
      })),
    copy: () =>
      createTicketModel(
        structuredClone(tickets),
        new Map([...pasts].map(([key, { openedMs }]) => [key, { openedMs: [...openedMs] }])),
      ),
  };
}

const keyOf = (key: number) => `test_thing:thing-${key}`;

function findingOf(key: number, severity: Severity): Finding {
  return {
    key: keyOf(key),
    invariant: 'test_thing',
    subject: `thing-${key}`,
    severity,
    title: `thing-${key} is not what it should be`,
    hint: `sensorctl status`,
    evidence: { thing: key, severity },
  };
}

/** Carries out a call on a real book; throws what it throws. */
export function perform(book: TicketBook, one: TicketCall, at: number): void {
  switch (one.do) {
    case 'report':
      book.report(
        one.found.map(([key, severity]) => findingOf(key, severity)),
        `look-${at}`,
        at,
      );
      break;
    case 'recovered':
      book.recovered(one.keys.map(keyOf), at);
      break;
    case 'move':
      book.move({ id: one.ticket + 1, to: one.to, by: 'somebody', note: one.note, at });
      break;
  }
}

/** All that a small book has, the oldest first. */
export function shown(book: Pick<TicketBook, 'list' | 'historyOf'>): object[] {
  return book
    .list({ limit: 10_000 })
    .toReversed()
    .map((ticket) => shownTicket(ticket, book.historyOf(ticket.id, 10_000)));
}

function shownTicket(ticket: Ticket, history: readonly TicketChange[]): object {
  const { id, key, state, held, flapping, occurrences, severity, recoveredAt, diagnosis } = ticket;
  return {
    id,
    key,
    state,
    held,
    flapping,
    occurrences,
    severity,
    well: recoveredAt !== undefined,
    diagnosis,
    history: history.map(({ change, by }) => (by === undefined ? change : `${change} by hand`)),
  };
}
