/**
 * A ticket: one thing that is wrong, told once, from when it began until it is proven to be over. What finds
 * things wrong (invariants), what keeps them (the ticket book) and what tells of them (notifications, events,
 * `sensorctl tickets`) meet in these types.
 */

/** From what can wait to what cannot. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** In the order in which they are lived through; each but `resolved` is called open in a wider sense. */
export const TICKET_STATES = ['open', 'acknowledged', 'diagnosed', 'resolved'] as const;
export type TicketState = (typeof TICKET_STATES)[number];

/** What was seen to be wrong in one look. */
export interface Finding {
  /** Which thing is wrong: `sensor_silent:climate`. At most one ticket with it is not resolved. */
  readonly key: string;
  readonly invariant: string;
  /** The sensor, destination, unit or file; empty where there is but one. */
  readonly subject: string;
  readonly severity: Severity;
  /** In one line, with the values: "climate has given no reading for 4 min". */
  readonly title: string;
  /** What to do, best a command. */
  readonly hint: string;
  /** Measured values, last events, affected ranges: bounded by whoever finds. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** When it was first found, wall time, if that was before this look: a ticket that is opened now begins then. */
  readonly foundAt?: number;
}

export interface Ticket extends Omit<Finding, 'foundAt'> {
  /** Shown as `TKT-12`. */
  readonly id: number;
  readonly state: TicketState;
  /** Somebody has said that it must not resolve by itself. */
  readonly held: boolean;
  /** It comes and goes so often that it is one thing: it stays open until it has been quiet for long enough. */
  readonly flapping: boolean;
  /** In how many looks it was found since it was opened. */
  readonly occurrences: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Since when it is proven to be well, while it is held or flaps and so is not resolved. */
  readonly recoveredAt: number | undefined;
  readonly resolvedAt: number | undefined;
  /** What somebody found out about it. */
  readonly diagnosis: string | undefined;
  /** Of the look that opened it: things found together have it in common. */
  readonly batch: string;
}

export const TICKET_CHANGES = [
  'opened',
  'worsened',
  'flapping',
  'acknowledged',
  'diagnosed',
  'held',
  'released',
  'resolved',
] as const;

export type TicketChangeKind = (typeof TICKET_CHANGES)[number];

/** What a person can do to a ticket; each is also the name of the change that it makes. */
export const TICKET_MOVES = ['acknowledged', 'diagnosed', 'held', 'released', 'resolved'] as const;
export type TicketMove = (typeof TICKET_MOVES)[number];

/** One line of a ticket's history, in the order of `id`, which is never used twice: notifications and events go by it. */
export interface TicketChange {
  readonly id: number;
  /** As it is now, not as it was then. */
  readonly ticket: Ticket;
  readonly change: TicketChangeKind;
  readonly at: number;
  /** Who did it, where a person did. */
  readonly by: string | undefined;
  /** What they said; of the monitor's own changes the title as it was then, or why. */
  readonly note: string | undefined;
}
