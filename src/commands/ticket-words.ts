/** Tickets as people read them on a terminal, and as programs get them. */

import { printable } from '../../lib/base/printable.ts';
import {
  SEVERITIES,
  type Severity,
  type Ticket,
  type TicketChange,
  type TicketState,
} from '../../lib/ops/tickets/ticket.ts';
import { parseTicketName, ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import { type Command, type CommandContext, operandOf, usageError } from './command.ts';
import { ageInWords, count, isoTime, localTime } from './words.ts';

/** All that somebody may still have to do something about. */
export const UNRESOLVED: readonly TicketState[] = ['open', 'acknowledged', 'diagnosed'];

/** The operand of every command about one ticket. */
export const TICKET = 'TICKET';

/** Throws `SGW_USAGE` for what is no name of a ticket. */
export function ticketOf(context: CommandContext, command: Pick<Command, 'name' | 'operand'>): number {
  const text = operandOf(context, command);
  const id = parseTicketName(text);
  if (id !== undefined) return id;
  throw usageError(`"${printable(text, 60)}" is no ticket: they are called TKT-12, or 12`, command.name);
}

/** `open`, `acknowledged, held`, `open, flapping`. */
export function stateOf({ state, held, flapping }: Ticket): string {
  const marks = [held ? 'held' : '', flapping && state !== 'resolved' ? 'flapping' : ''];
  return [state, ...marks.filter((mark) => mark !== '')].join(', ');
}

/** `2 tickets open (1 critical)`; of whatever is not resolved. */
export function openInWords(tickets: readonly Pick<Ticket, 'severity'>[]): string {
  const critical = tickets.filter(({ severity }) => severity === 'critical').length;
  return `${count(tickets.length, 'ticket')} open${critical > 0 ? ` (${critical} critical)` : ''}`;
}

/** The worst first, and of these the latest. */
export function byUrgency(a: Ticket, b: Ticket): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || b.id - a.id;
}

/** Below this there is no room for a title behind the columns. */
const ONE_LINE_MIN = 70;

/** A line for each, the columns as wide as they must be; two lines on a narrow terminal. */
export function listed(
  tickets: readonly Ticket[],
  { nowMs, terminal }: { readonly nowMs: number; readonly terminal: CommandContext['terminal'] },
  paint: (severity: Severity, text: string) => string,
): string[] {
  const cells = tickets.map((ticket) => ({
    ticket,
    name: ticketName(ticket.id),
    state: stateOf(ticket),
    age: ageInWords(nowMs - ticket.firstSeenAt),
  }));
  const widest = (of: 'name' | 'state' | 'age') => Math.max(0, ...cells.map((one) => one[of].length));
  const [name, state, age] = [widest('name'), widest('state'), widest('age')];
  return cells.flatMap((one) => {
    const { severity, title } = one.ticket;
    const head = [
      one.name.padEnd(name),
      paint(severity, severity.padEnd('critical'.length)),
      one.state.padEnd(state),
      one.age.padStart(age),
    ].join('  ');
    const narrow = (terminal.columns ?? ONE_LINE_MIN) < ONE_LINE_MIN;
    return narrow ? [head.trimEnd(), `  ${printable(title)}`] : [`${head}  ${printable(title)}`];
  });
}

/** `2026-01-15 16:09:35  TKT-12  resolved by pi: a new fuse`. */
export function changeInWords({ at, change, by, note }: TicketChange, about = ''): string {
  const who = by === undefined ? '' : ` by ${by}`;
  const said = note === undefined || note === '' ? '' : `: ${note}`;
  return printable(`${localTime(at)}  ${about}${change}${who}${said}`);
}

export function ticketAsJson(ticket: Ticket): object {
  const { id, key, invariant, subject, severity, state, held, flapping, occurrences, title, hint } = ticket;
  return {
    ticket: ticketName(id),
    id,
    key,
    invariant,
    subject,
    severity,
    state,
    held,
    flapping,
    occurrences,
    title,
    hint,
    first_seen_at: isoTime(ticket.firstSeenAt),
    last_seen_at: isoTime(ticket.lastSeenAt),
    recovered_at: isoTime(ticket.recoveredAt),
    resolved_at: isoTime(ticket.resolvedAt),
    diagnosis: ticket.diagnosis ?? null,
    batch: ticket.batch,
  };
}

export function changeAsJson({ at, change, by, note }: TicketChange): object {
  return { at: isoTime(at), change, by: by ?? null, note: note ?? null };
}
