/**
 * From the history of the tickets to the news of each channel. The history is read behind the change that was taken
 * in last, in the same transaction in which its news is kept: nothing is taken in twice, and nothing is left out.
 */

import { notifyFailing } from '../invariants/notify-failing.ts';
import { type Severity, TICKET_STATES, type TicketChange } from '../tickets/ticket.ts';
import type { TicketBook } from '../tickets/ticket-book.ts';
import type { Channel } from './channel.ts';
import type { NotifyLedger, Place } from './ledger.ts';
import { CHANGES_PAGE, NEWS_MAX, TOLD_KEPT_MS } from './limits.ts';
import { factsOf, isNews, rankOf, withChange } from './news.ts';

/** Who is told what. */
export interface Recipient {
  readonly channel: Channel;
  /** Nothing less is told on it. */
  readonly severity: Severity;
}

export interface IntakeOptions {
  readonly book: Pick<TicketBook, 'changesAfter' | 'list'>;
  readonly ledger: NotifyLedger;
  readonly recipients: readonly Recipient[];
  readonly wallMs: () => number;
}

export interface Intake {
  /** Once, before anything else: whoever is new learns what is open, and whoever is gone is forgotten. */
  prepare(): void;
  /** All that has changed since. */
  takeIn(): void;
}

/** As many things as may wait; more are counted. */
const OPEN_TICKETS_MAX = NEWS_MAX;

/** A book without changes has been read to here. */
const BEFORE_ALL: Place = { change: 0, ticket: 0, at: 0 };

function placeOf(change: TicketChange | undefined): Place | undefined {
  return change && { change: change.id, ticket: change.ticket.id, at: change.at };
}

export function createIntake({ book, ledger, recipients, wallMs }: IntakeOptions): Intake {
  const names = recipients.map(({ channel }) => channel.name);

  /** Whoever is new learns what is open, and nothing of what is over. */
  function prepare(): void {
    ledger.atomically(() => {
      ledger.forgetTold(wallMs() - TOLD_KEPT_MS);
      const fresh = ledger.knowChannels(names);
      const known = recipients.filter(({ channel }) => !fresh.includes(channel.name));
      if (ledger.place() === undefined || known.length === 0) skipToEnd();
      else takeIn(known);
      if (fresh.length === 0) return;
      const states = TICKET_STATES.filter((state) => state !== 'resolved');
      for (const ticket of book.list({ states, limit: OPEN_TICKETS_MAX })) {
        const opened = { ticket, change: 'opened', at: ticket.firstSeenAt } as const;
        for (const one of recipients) if (fresh.includes(one.channel.name)) absorb(one, opened);
      }
    });
  }

  function skipToEnd(): void {
    let last: Place = BEFORE_ALL;
    for (let page = changesAfter(0); page.length > 0; page = changesAfter(last.change))
      last = placeOf(page.at(-1)) ?? last;
    ledger.moveTo(last);
  }

  const changesAfter = (id: number) => book.changesAfter(id, CHANGES_PAGE);

  /** The changes that follow those that were taken in, wherever that was. */
  function nextChanges(): readonly TicketChange[] {
    const place = ledger.place() ?? BEFORE_ALL;
    // With the one that we stopped at: if it is not there, the oldest have left it, or it is another book.
    const [first, ...rest] = changesAfter(place.change - 1);
    if (first === undefined) return changesAfter(0);
    if (first.id !== place.change) return [first, ...rest];
    const isSame = first.ticket.id === place.ticket && first.at === place.at;
    return isSame ? rest : changesAfter(0);
  }

  function takeIn(by: readonly Recipient[]): void {
    let isMore = true;
    while (isMore) {
      isMore = ledger.atomically(() => {
        const changes = nextChanges();
        for (const change of changes) for (const one of by) absorb(one, change);
        const place = placeOf(changes.at(-1));
        if (place !== undefined) ledger.moveTo(place);
        return place !== undefined;
      });
    }
  }

  function absorb(
    { channel: { name }, severity }: Recipient,
    change: Pick<TicketChange, 'ticket' | 'change' | 'at'>,
  ): void {
    const { ticket } = change;
    // Of itself a channel that fails could not be told, and one that is well need not.
    if (!isNews(change) || (ticket.invariant === notifyFailing.name && ticket.subject === name)) return;
    const before = ledger.newsOf(name, ticket.key);
    const isBegun = before !== undefined || ledger.told(name, ticket.key)?.isOpen === true;
    // What was told to be wrong must be told to be over, however harmless it has become.
    if (!isBegun && rankOf(ticket.severity) < rankOf(severity)) return;
    if (before === undefined && ledger.countNews(name) >= NEWS_MAX) {
      const record = ledger.channel(name);
      ledger.saveChannel(name, { ...record, overflow: record.overflow + 1 });
      return;
    }
    const news = withChange(before, { ...change, ticket: factsOf(ticket) });
    if (news !== undefined) ledger.putNews(name, news);
  }

  return { prepare, takeIn: () => takeIn(recipients) };
}
