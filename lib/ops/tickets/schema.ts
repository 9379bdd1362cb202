/**
 * The ticket book's file: its tables as SQL, which is the truth about them
 * (docs/decisions/0004-hand-written-migrations.md), and as drizzle sees them. `schema.test.ts` holds the two together.
 */

import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { SEVERITIES, TICKET_CHANGES, TICKET_STATES } from './ticket.ts';

/** "SgwT": how a file says that it is a ticket book. */
export const TICKETS_APPLICATION_ID = 0x5367_7754;

/** The n-th script leads to `user_version` n. One that has been released is never edited. */
export const TICKET_MIGRATIONS: readonly string[] = [
  `
  -- One row. The number of a ticket is in somebody's mail, and is never another ticket's. AUTOINCREMENT would see to
  -- that, but takes a number for each time that a ticket is only counted.
  CREATE TABLE numbers (last_ticket INTEGER NOT NULL) STRICT;
  INSERT INTO numbers VALUES (0);

  CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    invariant TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    worst INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'diagnosed', 'resolved')),
    held INTEGER NOT NULL CHECK (NOT (held AND state = 'resolved')),
    flapping INTEGER NOT NULL,
    occurrences INTEGER NOT NULL CHECK (occurrences >= 1),
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    last_seen_boot TEXT NOT NULL,
    last_seen_mono INTEGER NOT NULL,
    recovered_at INTEGER,
    recovered_reason TEXT,
    resolved_at INTEGER CHECK ((resolved_at IS NOT NULL) = (state = 'resolved')),
    title TEXT NOT NULL,
    hint TEXT NOT NULL,
    evidence TEXT NOT NULL,
    diagnosis TEXT,
    batch TEXT NOT NULL
  ) STRICT;

  -- At most one ticket of a key that is not resolved: the promise of the book, kept by SQLite itself.
  CREATE UNIQUE INDEX tickets_unresolved ON tickets (key) WHERE state != 'resolved';
  CREATE INDEX tickets_of_key ON tickets (key, id);

  CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    change TEXT NOT NULL,
    at INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono_ms INTEGER NOT NULL,
    by_whom TEXT,
    note TEXT
  ) STRICT;

  CREATE INDEX changes_of_ticket ON changes (ticket, id);
  -- What flapping is told from.
  CREATE INDEX changes_of_key ON changes (key, id) WHERE change IN ('opened', 'flapping', 'resolved');
  `,
];

/** One row: the number that was given last. */
export const numbers = sqliteTable('numbers', { lastTicket: integer('last_ticket').notNull() });

export const tickets = sqliteTable(
  'tickets',
  {
    id: integer('id').primaryKey(),
    key: text('key').notNull(),
    invariant: text('invariant').notNull(),
    subject: text('subject').notNull(),
    severity: text('severity', { enum: SEVERITIES }).notNull(),
    /** The place in `SEVERITIES` of the worst since it was opened: only what is worse than that is said again. */
    worst: integer('worst').notNull(),
    state: text('state', { enum: TICKET_STATES }).notNull(),
    held: integer('held', { mode: 'boolean' }).notNull(),
    flapping: integer('flapping', { mode: 'boolean' }).notNull(),
    occurrences: integer('occurrences').notNull(),
    firstSeenAt: integer('first_seen_at').notNull(),
    lastSeenAt: integer('last_seen_at').notNull(),
    /** With `lastSeenAt` a `Stamp`. */
    lastSeenBoot: text('last_seen_boot').notNull(),
    lastSeenMono: integer('last_seen_mono').notNull(),
    recoveredAt: integer('recovered_at'),
    /** What its resolution will say, once nothing stands against it any more. */
    recoveredReason: text('recovered_reason'),
    resolvedAt: integer('resolved_at'),
    title: text('title').notNull(),
    hint: text('hint').notNull(),
    /** A JSON object. */
    evidence: text('evidence').notNull(),
    diagnosis: text('diagnosis'),
    batch: text('batch').notNull(),
  },
  (table) => [index('tickets_of_key').on(table.key, table.id)],
);

export const changes = sqliteTable(
  'changes',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    ticket: integer('ticket')
      .notNull()
      .references(() => tickets.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    change: text('change', { enum: TICKET_CHANGES }).notNull(),
    at: integer('at').notNull(),
    bootId: text('boot_id').notNull(),
    monoMs: integer('mono_ms').notNull(),
    byWhom: text('by_whom'),
    note: text('note'),
  },
  (table) => [index('changes_of_ticket').on(table.ticket, table.id)],
);
