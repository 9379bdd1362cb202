/**
 * What is told: one message about one or more tickets, in words for people and as data for programs. It is made
 * once and sent as it is however often that takes, under one id, so that whoever receives it twice can tell.
 */

import type { Zone } from '../../base/local-time.ts';
import { printable } from '../../base/printable.ts';
import { SEVERITIES, type Severity } from '../tickets/ticket.ts';
import { ticketName } from '../tickets/ticket-name.ts';
import { HINT_LENGTH_MAX, SUBJECT_LENGTH_MAX, TITLE_LENGTH_MAX, TOLD_IN_FULL_MAX } from './limits.ts';
import { type News, rankOf } from './news.ts';

export interface Message {
  /** The same for each try: the `Idempotency-Key`, and the left half of the `Message-ID`. */
  readonly id: string;
  /** Wall time at which it was made. */
  readonly at: number;
  readonly gateway: string;
  readonly subject: string;
  readonly text: string;
  /** Of the worst that it tells of. */
  readonly severity: Severity;
  /** Whether everything in it is over. */
  readonly over: boolean;
  readonly tickets: readonly MessageTicket[];
  /** How many it counts without telling of them. */
  readonly more: number;
}

export interface MessageTicket {
  readonly ticket: string;
  readonly key: string;
  readonly severity: Severity;
  readonly state: 'open' | 'resolved';
  readonly flapping: boolean;
  readonly title: string;
  readonly hint: string;
  readonly since: string;
  readonly resolved: string | null;
  /** How often it has come since it was last told of. */
  readonly times: number;
}

export interface MessageOptions {
  readonly id: string;
  readonly at: number;
  readonly gateway: string;
  readonly zone: Zone;
  /** Things that there was no room for while they waited. */
  readonly overflow: number;
}

/** Throws a RangeError if there is nothing to tell. */
export function composeMessage(news: readonly News[], options: MessageOptions): Message {
  const { id, at, gateway, zone } = options;
  const inOrder = [...news].sort((a, b) => urgency(b) - urgency(a) || a.fromAt - b.fromAt);
  const told = inOrder.slice(0, TOLD_IN_FULL_MAX);
  const more = news.length - told.length + options.overflow;
  const [first] = told;
  if (first === undefined) throw new RangeError('a message without news');
  const over = news.every((one) => !one.isOpen);
  const severity = worstOf(
    (over ? news : news.filter((one) => one.isOpen)).map(({ ticket }) => ticket.severity),
  );
  const lines = told.map((one) => inWords(one, zone));
  if (more > 0) lines.push(`... and ${more} more: sensorctl tickets list`);
  return {
    id,
    at,
    gateway,
    subject: cut(`[${gateway}] ${subjectOf(news, first, more)}`, SUBJECT_LENGTH_MAX),
    text: lines.join('\n\n'),
    severity,
    over,
    tickets: told.map(asData),
    more,
  };
}

function worstOf(severities: readonly Severity[]): Severity {
  return SEVERITIES[Math.max(0, ...severities.map(rankOf))] ?? 'info';
}

/** What is wrong comes before what is over, and what is worse before what is less so. */
function urgency({ isOpen, ticket }: News): number {
  return (isOpen ? SEVERITIES.length : 0) + rankOf(ticket.severity);
}

function subjectOf(news: readonly News[], first: News, more: number): string {
  const { isOpen, ticket } = first;
  const one = `${isOpen ? ticket.severity.toUpperCase() : 'resolved'}: ${ticket.title}`;
  if (news.length === 1 && more === 0) return one;
  const wrong = news.filter((each) => each.isOpen).length;
  const over = news.length - wrong;
  const counts = [wrong > 0 ? `${wrong} open` : '', over > 0 ? `${over} resolved` : ''].filter(
    (part) => part !== '',
  );
  return `${counts.join(', ')}; ${one}`;
}

function inWords({ ticket, isOpen, times }: News, zone: Zone): string {
  const name = ticketName(ticket.id);
  const since = clockTime(ticket.firstSeenAt, zone);
  const often = times > 1 ? `, came ${times} times` : '';
  const flaps = ticket.flapping ? ', comes and goes' : '';
  if (!isOpen) {
    const until = ticket.resolvedAt === undefined ? '' : ` to ${clockTime(ticket.resolvedAt, zone)}`;
    return cut(`resolved  ${name} (${since}${until}${often}): ${ticket.title}`, TITLE_LENGTH_MAX);
  }
  const title = cut(
    `${ticket.severity}  ${name} (since ${since}${often}${flaps}): ${ticket.title}`,
    TITLE_LENGTH_MAX,
  );
  return ticket.hint === '' ? title : `${title}\n  ${cut(ticket.hint, HINT_LENGTH_MAX)}`;
}

function asData({ ticket, isOpen, times }: News): MessageTicket {
  return {
    ticket: ticketName(ticket.id),
    key: cut(ticket.key, TITLE_LENGTH_MAX),
    severity: ticket.severity,
    state: isOpen ? 'open' : 'resolved',
    flapping: ticket.flapping,
    title: cut(ticket.title, TITLE_LENGTH_MAX),
    hint: cut(ticket.hint, HINT_LENGTH_MAX),
    since: new Date(ticket.firstSeenAt).toISOString(),
    resolved: isOpen || ticket.resolvedAt === undefined ? null : new Date(ticket.resolvedAt).toISOString(),
    times,
  };
}

function cut(text: string, lengthMax: number): string {
  return printable(text, lengthMax);
}

/** With the day: a message may have waited. */
function clockTime(at: number, zone: Zone): string {
  const local = new Date(at + zone.offsetMs(at)).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
}
