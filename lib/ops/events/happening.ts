/** What can happen, as it is told to those who listen. Times are whole milliseconds since 1970, UTC. */

import type { BreakerState } from '../../flow/flow-event.ts';
import type { SeqRanges } from '../../flow/seq-ranges.ts';
import type { Ticket, TicketChange } from '../tickets/ticket.ts';

/** What may be asked for. */
export const EVENT_TYPES = ['reading', 'breaker', 'ticket'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A reading that has been stored. */
export interface StoredReading {
  readonly gateway: string;
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly at: number;
  readonly value: number;
  readonly flags: number;
  readonly stream: string;
  readonly seq: number;
}

/** Readings that have been stored too many at once, or too old, to be told one by one: ask for them. */
export interface ArrivedRanges {
  readonly gateway: string;
  readonly stream: string;
  readonly readings: number;
  readonly ranges: SeqRanges;
}

export interface BreakerMoved {
  readonly destination: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly at: number;
  readonly reason: string;
  readonly step: number;
}

export interface TicketChanged extends Pick<TicketChange, 'change' | 'at'> {
  readonly by: string | null;
  readonly note: string | null;
  readonly ticket: Pick<
    Ticket,
    | 'id'
    | 'key'
    | 'invariant'
    | 'subject'
    | 'severity'
    | 'state'
    | 'held'
    | 'flapping'
    | 'title'
    | 'hint'
    | 'occurrences'
    | 'firstSeenAt'
    | 'lastSeenAt'
  >;
}

/** What was told so far does not connect with what follows: ask for everything anew. */
export interface Reset {
  readonly reason: string;
}

export type Happening =
  | { readonly event: 'reading'; readonly data: StoredReading }
  | { readonly event: 'arrived'; readonly data: ArrivedRanges }
  | { readonly event: 'breaker'; readonly data: BreakerMoved }
  | { readonly event: 'ticket'; readonly data: TicketChanged }
  | { readonly event: 'reset'; readonly data: Reset };

/** Which of them somebody wants; left out: all. */
export interface Wanted {
  readonly types?: readonly EventType[] | undefined;
  /** Of readings; other events have no sensor, and are not held back by it. */
  readonly gateway?: string | undefined;
  readonly sensor?: string | undefined;
}

export function isWanted({ event, data }: Happening, { types, gateway, sensor }: Wanted): boolean {
  if (event === 'reset') return true;
  const type = event === 'arrived' ? 'reading' : event;
  if (types !== undefined && !types.includes(type)) return false;
  if (event !== 'reading' && event !== 'arrived') return true;
  if (gateway !== undefined && data.gateway !== gateway) return false;
  // Whose they are cannot be told: whoever waits for one of them has to ask.
  return event === 'arrived' || sensor === undefined || data.sensor === sensor;
}

export function ticketChanged({ change, at, by, note, ticket }: TicketChange): TicketChanged {
  const { id, key, invariant, subject, severity, state, held, flapping, title, hint } = ticket;
  const { occurrences, firstSeenAt, lastSeenAt } = ticket;
  const words = { id, key, invariant, subject, severity, state, held, flapping, title, hint };
  return {
    change,
    at,
    by: by ?? null,
    note: note ?? null,
    ticket: { ...words, occurrences, firstSeenAt, lastSeenAt },
  };
}
