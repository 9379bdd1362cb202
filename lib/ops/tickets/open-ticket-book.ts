/**
 * The ticket book on SQLite. Whatever a call changes, it changes together with its lines of history in one transaction
 * that takes the write lock first: a death at any instant leaves all of it or nothing, and `sensorctl` may write
 * besides the monitor.
 *
 *   report      one `INSERT ... ON CONFLICT DO UPDATE` for each key; what came too often is opened again instead
 *   recovered   notes that a key is well; `settle` then resolves what nothing stands against
 *   move        what a person does, as far as `moves.ts` allows it
 */

import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { Clock } from '../../base/clock.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import { BY_MAX, bounded, boundedKey, cut, NOTE_MAX, UNRESOLVED_MAX } from './bounds.ts';
import { FLAPPING, type FlappingRule, isFlapping, isQuiet, linesToLookAt } from './flapping.ts';
import { prepareHistory } from './history.ts';
import { stateAfter } from './moves.ts';
import { KEEP_MS, prepareRetention } from './retention.ts';
import { TICKET_MIGRATIONS, TICKETS_APPLICATION_ID } from './schema.ts';
import type { Stamp } from './stamp.ts';
import { type Finding, SEVERITIES, type TicketChangeKind } from './ticket.ts';
import type { Move, TicketBook } from './ticket-book.ts';
import { missingTicket } from './ticket-name.ts';
import { ticketQuestions } from './ticket-view.ts';
import { prepareWrites, type Unresolved } from './ticket-writes.ts';

export interface TicketBookOptions {
  readonly file: string;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** What monotonic times count from at present. */
  readonly bootId: () => string;
  readonly flapping?: FlappingRule;
  /** How long resolved tickets are kept. */
  readonly keepMs?: number;
  /** The first number of a fresh file: above all that a file before it may have given. */
  readonly firstId?: number;
  /** More things are wrong than may have a ticket; called with how many were left out of this report. */
  readonly onLeftOut?: (findings: number) => void;
  /** See `OpenOptions` in `lib/base/sqlite.ts`. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/** What the history says of a key that was seen well again, unless who has seen it says more. */
const RECOVERED = 'seen well again';

/** Throws what `openDatabase` throws. */
export function openTicketBook(options: TicketBookOptions): TicketBook {
  const database = openDatabase({
    file: options.file,
    applicationId: TICKETS_APPLICATION_ID,
    migrations: TICKET_MIGRATIONS,
    ...(options.synchronous === undefined ? {} : { synchronous: options.synchronous }),
  });
  try {
    if (options.firstId !== undefined) beginAt(database, options.firstId);
    return createTicketBook(database, options);
  } catch (error) {
    database.close();
    throw error;
  }
}

function createTicketBook(database: SqliteDatabase, options: TicketBookOptions): TicketBook {
  const { clock, bootId, flapping: rule = FLAPPING, keepMs = KEEP_MS, onLeftOut = () => {} } = options;
  const questions = ticketQuestions(drizzle({ client: database }));
  const writes = prepareWrites(database);
  const history = prepareHistory(database);
  const makeRoom = prepareRetention(database, keepMs);

  const stampOf = (at: number): Stamp => ({
    at: Math.round(at),
    bootId: bootId(),
    monoMs: Math.round(clock.monotonicMs()),
  });

  /** Counts the finding, after its ticket was opened again if that is called for. */
  function note(finding: Finding, batch: string, now: Stamp): 'left out' | 'opened' | 'counted' {
    const found = bounded(finding);
    const { key, severity, title } = found;
    const before = writes.unresolvedOf(key);
    const latest = before === undefined ? writes.latestOf(key) : undefined;
    const flaps = latest !== undefined && isFlapping(history.past(key, linesToLookAt(rule)), now, rule);
    if (before === undefined && writes.countUnresolved() >= UNRESOLVED_MAX) return 'left out';

    const worst = SEVERITIES.indexOf(severity);
    if (flaps) writes.reopen({ id: latest, worst, batch });
    // Never after it was last seen, whatever the clock did in between.
    const firstAt = Math.min(Math.round(finding.foundAt ?? now.at), now.at);
    const ticket = writes.upsert({ ...found, ...now, firstAt, worst, batch });
    const line = (change: TicketChangeKind, words: string) =>
      history.note({ ...now, ticket, key, change, by: undefined, note: words });
    if (flaps) line('flapping', `${rule.openings} times within ${minutes(rule.withinMs)}: ${title}`);
    else if (before === undefined) line('opened', title);
    else if (worst > before.worst) line('worsened', `${severity}: ${title}`);
    return before === undefined ? 'opened' : 'counted';
  }

  /** What was seen well, and is not held and does not flap any more, is resolved. */
  function settle(now: Stamp): void {
    for (const { id, key, recoveredReason } of writes.waiting().filter((one) => isOver(one, now))) {
      writes.resolve({ id, at: now.at });
      const reason = recoveredReason ?? RECOVERED;
      history.note({ ...now, ticket: id, key, change: 'resolved', by: undefined, note: reason });
    }
  }

  const isOver = ({ held, flapping, lastSeen }: Unresolved, now: Stamp) =>
    !held && (!flapping || isQuiet(lastSeen, now, rule));

  const report = database.transaction((findings: readonly Finding[], batch: string, now: Stamp) => {
    const noted = onePerKey(findings).map((finding) => note(finding, batch, now));
    settle(now);
    if (noted.includes('opened')) makeRoom(now.at);
    return noted.filter((one) => one === 'left out').length;
  });

  const recovered = database.transaction((keys: readonly string[], reason: string, now: Stamp) => {
    for (const key of keys) writes.recover({ key, at: now.at, reason: cut(reason, NOTE_MAX) });
    settle(now);
  });

  const move = database.transaction(({ id, to, ...said }: Move, now: Stamp) => {
    const ticket = questions.find(id);
    if (ticket === undefined) throw missingTicket(id);
    const state = stateAfter(ticket, to, said.note);
    const words = said.note === undefined ? undefined : cut(said.note, NOTE_MAX);
    if (state === 'resolved') writes.resolve({ id, at: now.at });
    else {
      const held = to === 'held' || (ticket.held && to !== 'released');
      writes.change({ id, state, held, diagnosis: to === 'diagnosed' ? (words ?? null) : null });
    }
    const { key } = ticket;
    history.note({ ...now, ticket: id, key, change: to, by: cut(said.by, BY_MAX), note: words });
    // What was well all along has only waited for this.
    if (to === 'released') settle(now);
    return questions.find(id) ?? ticket;
  });

  return {
    ...questions,
    report(findings, batch, at) {
      const now = stampOf(at);
      // While all is well nothing is written: a look every 30 s for years costs the card nothing.
      if (findings.length === 0 && !writes.waiting().some((one) => isOver(one, now))) return;
      const leftOut = report.immediate(findings, batch, now);
      if (leftOut > 0) onLeftOut(leftOut);
    },
    recovered(found, at, reason = RECOVERED) {
      const now = stampOf(at);
      const keys = found.map(boundedKey);
      const news = keys.some((key) => writes.unresolvedOf(key)?.recoveredAt === null);
      if (!news && !writes.waiting().some((one) => isOver(one, now))) return;
      recovered.immediate(keys, reason, now);
    },
    move: (wanted) => move.immediate(wanted, stampOf(wanted.at)),
    close: () => {
      database.close();
    },
  };
}

/** One look sees a thing once; where two findings name the same one, the worse counts. */
function onePerKey(findings: readonly Finding[]): Finding[] {
  const worst = new Map<string, Finding>();
  for (const finding of findings) {
    const key = boundedKey(finding.key);
    const known = worst.get(key);
    if (known !== undefined && rankOf(known) >= rankOf(finding)) continue;
    worst.set(key, finding);
  }
  return [...worst.values()];
}

const rankOf = ({ severity }: Finding) => SEVERITIES.indexOf(severity);

/** Lets a fresh file go on with numbers that the one before it cannot have given. Safe to repeat. */
function beginAt(database: SqliteDatabase, firstId: number): void {
  const used = database.prepare<[], number>('SELECT last_ticket FROM numbers').pluck().get() ?? 0;
  if (used > 0) return;
  database.transaction(() => {
    database.prepare<[number]>('UPDATE numbers SET last_ticket = ?').run(firstId - 1);
    database
      .prepare<[number]>("INSERT INTO sqlite_sequence (name, seq) VALUES ('changes', ?)")
      .run(firstId - 1);
  })();
}

const minutes = (ms: number) => `${Math.round(ms / 60_000)} min`;
