/**
 * What there is to tell of one thing that is wrong, and when it may be told: pure, so that every rule can be tested.
 *
 * - What happens to a thing before it is told is one piece of news: what is true now, and how often it came.
 * - A thing is told once in an interval. What comes in between waits, and is told together with whatever else is
 *   due by then.
 * - It is told at once, all the same, when it is worse than what was told, and that it is over is told once, at once:
 *   nobody should go and mend what is well.
 * - In quiet hours only what is critical is told.
 */

import { SEVERITIES, type Severity, type Ticket, type TicketChange } from '../tickets/ticket.ts';

/** What a ticket is for a message: its words, and when. */
export type TicketFacts = Pick<
  Ticket,
  'id' | 'key' | 'severity' | 'title' | 'hint' | 'flapping' | 'firstSeenAt' | 'resolvedAt'
>;

export interface News {
  readonly ticket: TicketFacts;
  /** Whether it is wrong now. */
  readonly isOpen: boolean;
  /** How often it has come since it was last told of. */
  readonly times: number;
  /** Of the first change that has not been told. */
  readonly fromAt: number;
}

/** What was told of a thing last. */
export interface Told {
  readonly severity: Severity;
  readonly isOpen: boolean;
  /** Wall time at which it was last told to be wrong. */
  readonly at: number;
}

export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

type Effect = 'came' | 'worsened' | 'over';

/** What a person does to a ticket that person knows; what is left is news. */
const EFFECTS: Readonly<Partial<Record<TicketChange['change'], Effect>>> = {
  opened: 'came',
  flapping: 'came',
  worsened: 'worsened',
  resolved: 'over',
};

export function isNews({ change }: Pick<TicketChange, 'change'>): boolean {
  return EFFECTS[change] !== undefined;
}

/** The news of a thing after another change of it; `undefined` if the change is none. */
export function withChange(
  news: News | undefined,
  { ticket, change, at }: Pick<TicketChange, 'change' | 'at'> & { readonly ticket: TicketFacts },
): News | undefined {
  const effect = EFFECTS[change];
  if (effect === undefined) return news;
  return {
    ticket: factsOf(ticket),
    isOpen: effect !== 'over',
    times: (news?.times ?? 0) + (effect === 'came' ? 1 : 0),
    fromAt: news?.fromAt ?? at,
  };
}

export function factsOf(ticket: TicketFacts): TicketFacts {
  const { id, key, severity, title, hint, flapping, firstSeenAt, resolvedAt } = ticket;
  return { id, key, severity, title, hint, flapping, firstSeenAt, resolvedAt };
}

export interface TellingRules {
  readonly nowAt: number;
  readonly intervalMs: number;
  readonly isQuiet: boolean;
}

export function isDue(news: News, told: Told | undefined, rules: TellingRules): boolean {
  const { severity } = news.ticket;
  if (rules.isQuiet && severity !== 'critical') return false;
  if (told === undefined) return true;
  if (!news.isOpen && told.isOpen) return true;
  // A clock that was set back must not hold anything up for longer than twice that.
  const passed = rules.nowAt >= told.at + rules.intervalMs || rules.nowAt < told.at - rules.intervalMs;
  return passed || (news.isOpen && rankOf(severity) > rankOf(told.severity));
}

/** What has been told, once this has. */
export function toldOf({ ticket, isOpen }: News, told: Told | undefined, nowAt: number): Told {
  const answers = !isOpen && told?.isOpen === true;
  return {
    severity: answers ? told.severity : ticket.severity,
    isOpen,
    at: answers ? told.at : nowAt,
  };
}
