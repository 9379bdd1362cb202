/** `sensorctl tickets show`: all that is known about one ticket: what to do, what was measured, what became of it. */

import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import { CHANGES_MAX } from '../../lib/ops/tickets/bounds.ts';
import type { Ticket, TicketChange } from '../../lib/ops/tickets/ticket.ts';
import { missingTicket, ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import type { Command, CommandContext } from './command.ts';
import { findPlaces } from './places.ts';
import { painter } from './severity-colour.ts';
import { lookAtTickets } from './ticket-file.ts';
import { changeAsJson, changeInWords, stateOf, TICKET, ticketAsJson, ticketOf } from './ticket-words.ts';
import { ageInWords, count, localTime } from './words.ts';

export const ticketsShow: Command = {
  name: 'tickets show',
  about: 'all that is known about one ticket, and what to do',
  operand: TICKET,
  options: {},
  examples: [['sensorctl tickets show TKT-12', 'what is wrong, since when, and what helps']],
  async run(context) {
    const id = ticketOf(context, ticketsShow);
    const { ticket, history } = await lookAtTickets(findPlaces(context), (view) => {
      const found = view.find(id);
      if (found === undefined) throw missingTicket(id);
      return { ticket: found, history: view.historyOf(id, CHANGES_MAX) };
    });
    if (context.json) await context.terminal.out(asJson(ticket, history));
    else for (const line of inWords(ticket, history, context)) await context.terminal.out(line);
    return EXIT.ok;
  },
};

/** Looks are named by when they were taken; things found together have theirs in common. */
function lookInWords(batch: string): string {
  const at = Date.parse(batch);
  return Number.isNaN(at) ? batch : `the look of ${localTime(at)}`;
}

function inWords(ticket: Ticket, history: readonly TicketChange[], context: CommandContext): string[] {
  const nowMs = context.wallMs();
  const { severity, occurrences, firstSeenAt, lastSeenAt, diagnosis, evidence, recoveredAt, resolvedAt } =
    ticket;
  const when = (at: number) => `${localTime(at)} (${ageInWords(nowMs - at)} ago)`;
  const over = ticket.held
    ? 'resolved when it is released'
    : 'resolved when it has been quiet for long enough';
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['what to do', ticket.hint],
    ['seen', `${count(occurrences, 'time')}, first ${when(firstSeenAt)}, last ${when(lastSeenAt)}`],
    ['well again', recoveredAt === undefined ? undefined : `${when(recoveredAt)}; ${over}`],
    ['resolved', resolvedAt === undefined ? undefined : when(resolvedAt)],
    ['diagnosis', diagnosis],
    ['key', ticket.key],
    ['found in', lookInWords(ticket.batch)],
  ];
  const head = `${ticketName(ticket.id)}  ${painter(context.terminal)(severity, severity)}  ${stateOf(ticket)}`;
  return [
    head,
    printable(ticket.title),
    '',
    ...rows.flatMap(([what, said]) => (said === undefined ? [] : [printable(`${what.padEnd(12)}${said}`)])),
    ...block('Evidence', Object.entries(evidence).map(evidenceInWords)),
    ...block(
      'History',
      history.map((change) => changeInWords(change)),
    ),
  ];
}

function block(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${heading}:`, ...lines.map((line) => `  ${line}`)];
}

/** As it was found: a text without the quotes of JSON, a moment as people read it. */
function evidenceInWords([name, value]: readonly [string, unknown]): string {
  const isMoment = name.endsWith('_at') && typeof value === 'number';
  const text = isMoment ? localTime(value) : typeof value === 'string' ? value : JSON.stringify(value);
  return printable(`${name.replaceAll('_', ' ')}: ${text}`);
}

function asJson(ticket: Ticket, history: readonly TicketChange[]): string {
  return printableJson(
    JSON.stringify({
      ...ticketAsJson(ticket),
      evidence: ticket.evidence,
      history: history.map(changeAsJson),
    }),
  );
}
