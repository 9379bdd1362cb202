/**
 * Where tickets are kept: what the monitor reports to, what a person changes with `sensorctl tickets`, and what
 * notifications and events read. `open-ticket-book.ts` is the one there is, on SQLite.
 */

import type { Finding, Ticket, TicketChange, TicketMove, TicketState } from './ticket.ts';

export interface TicketQuestion {
  readonly states?: readonly TicketState[];
  readonly key?: string;
  /** Only those that were seen at or after this wall time. */
  readonly sinceAt?: number;
  /** The newest first, at most this many. */
  readonly limit: number;
}

/** Somebody at a terminal. */
export interface Move {
  readonly id: number;
  readonly to: TicketMove;
  readonly by: string;
  /** Why; for a diagnosis, what was found out. */
  readonly note?: string;
  readonly at: number;
}

/**
 * Every call is one transaction, or none where nothing changes. It throws what SQLite throws when the disk refuses
 * it or another process writes for too long; nothing has then happened, and the next look may say it again.
 */
export interface TicketBook {
  /** The finding is there: opens its ticket, or counts it. One transaction for all that one look has found. */
  report(findings: readonly Finding[], batch: string, at: number): void;
  /**
   * These keys have been proven to be well again: their tickets are resolved, those that are held once they are
   * released, those that flap once they have been quiet for long enough. `reason` says why in the history. Keys
   * without an unresolved ticket, and repetitions, are harmless; a call without keys only looks after those that wait.
   */
  recovered(keys: readonly string[], at: number, reason?: string): void;
  /**
   * Throws `SGW_TICKET_MISSING` where there is no such ticket, and `SGW_TICKET_MOVE` for a move that its state does
   * not allow (docs/tickets.md has the table).
   */
  move(move: Move): Ticket;
  find(id: number): Ticket | undefined;
  list(question: TicketQuestion): readonly Ticket[];
  /** The history after this change, oldest first; bounded by `limit`. */
  changesAfter(id: number, limit: number): readonly TicketChange[];
  /** What became of one ticket, the oldest first; the latest `limit` of it. */
  historyOf(id: number, limit: number): readonly TicketChange[];
  close(): void;
}
