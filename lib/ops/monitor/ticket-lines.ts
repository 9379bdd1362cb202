/** A line in the log for each change of a ticket, so that the journal of the monitor tells what happened, and when. */

import type { LineLog } from '../line-log.ts';
import type { TicketChange } from '../tickets/ticket.ts';
import type { TicketBook } from '../tickets/ticket-book.ts';
import { ticketName } from '../tickets/ticket-name.ts';

/** Of one look; what is beyond is said after the next. */
const LINES_MAX = 100;
/** What was before us is gone through once, in pages. */
const PAGE = 1_000;

/** Returns what says all changes since its last call, and since it was made. */
export function createTicketLines(book: Pick<TicketBook, 'changesAfter'>, log: LineLog): () => void {
  let saidUpTo: number | undefined;

  return () => {
    if (saidUpTo === undefined) {
      saidUpTo = latestOf(book);
      return;
    }
    for (const change of book.changesAfter(saidUpTo, LINES_MAX)) {
      say(log, change);
      saidUpTo = change.id;
    }
  };
}

function latestOf(book: Pick<TicketBook, 'changesAfter'>): number {
  let latest = 0;
  for (;;) {
    const page = book.changesAfter(latest, PAGE);
    latest = page.at(-1)?.id ?? latest;
    if (page.length < PAGE) return latest;
  }
}

function say(log: LineLog, { ticket, change, by, note }: TicketChange): void {
  const { id, key, severity, title } = ticket;
  const fields = { ticket: ticketName(id), key, change, severity, ...(by === undefined ? {} : { by }) };
  const who = by === undefined ? '' : ` by ${by}`;
  const what = `${ticketName(id)} ${change}${who}: ${note ?? title}`;
  if (change !== 'opened' && change !== 'worsened' && change !== 'flapping') log.info(fields, what);
  else if (severity === 'critical') log.error(fields, what);
  else log.warn(fields, what);
}
