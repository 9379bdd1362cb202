/**
 * Reading the ticket book: what tickets there are, and what became of them. The same for its owner and for those who
 * only look at its file from outside, each question in one short transaction.
 */

import { and, asc, desc, eq, gt, gte, inArray, max } from 'drizzle-orm';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { changes, TICKET_MIGRATIONS, TICKETS_APPLICATION_ID, tickets } from './schema.ts';
import type { Ticket, TicketChange } from './ticket.ts';
import type { TicketBook } from './ticket-book.ts';

type Questions = Pick<TicketBook, 'find' | 'list' | 'changesAfter' | 'historyOf'>;

export interface TicketView extends Questions {
  /** The id of the latest change; 0: there is none. */
  latestChange(): number;
  close(): void;
}

type Row = typeof tickets.$inferSelect;

/** Throws what `openDatabaseReadOnly` throws: `SGW_DATABASE_MISSING` before the monitor has run for the first time. */
export function openTicketsReadOnly(file: string): TicketView {
  const database = openDatabaseReadOnly({
    file,
    applicationId: TICKETS_APPLICATION_ID,
    migrations: TICKET_MIGRATIONS,
  });
  const orm = drizzle({ client: database });
  return {
    ...ticketQuestions(orm),
    latestChange: () =>
      orm
        .select({ id: max(changes.id) })
        .from(changes)
        .get()?.id ?? 0,
    close: () => {
      database.close();
    },
  };
}

export function ticketQuestions(orm: BetterSQLite3Database): Questions {
  const withTickets = () =>
    orm.select().from(changes).innerJoin(tickets, eq(tickets.id, changes.ticket)).$dynamic();
  return {
    find(id) {
      const row = orm.select().from(tickets).where(eq(tickets.id, id)).get();
      return row === undefined ? undefined : ticketOf(row);
    },
    list({ states, key, sinceAt, limit }) {
      return orm
        .select()
        .from(tickets)
        .where(
          and(
            states === undefined ? undefined : inArray(tickets.state, [...states]),
            key === undefined ? undefined : eq(tickets.key, key),
            sinceAt === undefined ? undefined : gte(tickets.lastSeenAt, sinceAt),
          ),
        )
        .orderBy(desc(tickets.id))
        .limit(limit)
        .all()
        .map(ticketOf);
    },
    changesAfter: (id, limit) =>
      withTickets().where(gt(changes.id, id)).orderBy(asc(changes.id)).limit(limit).all().map(changeOf),
    historyOf: (id, limit) =>
      withTickets()
        .where(eq(changes.ticket, id))
        .orderBy(desc(changes.id))
        .limit(limit)
        .all()
        .map(changeOf)
        .reverse(),
  };
}

function ticketOf(row: Row): Ticket {
  const { worst: _, lastSeenBoot: __, lastSeenMono: ___, recoveredReason: ____, ...ticket } = row;
  return {
    ...ticket,
    recoveredAt: row.recoveredAt ?? undefined,
    resolvedAt: row.resolvedAt ?? undefined,
    diagnosis: row.diagnosis ?? undefined,
    evidence: evidenceOf(row.evidence),
  };
}

function changeOf(row: { changes: typeof changes.$inferSelect; tickets: Row }): TicketChange {
  const { id, change, at, byWhom, note } = row.changes;
  return { id, ticket: ticketOf(row.tickets), change, at, by: byWhom ?? undefined, note: note ?? undefined };
}

/** A card may have changed bits in it: the ticket itself is told all the same. */
function evidenceOf(text: string): Ticket['evidence'] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  } catch {
    // It is said below.
  }
  return { evidence: 'cannot be read' };
}
