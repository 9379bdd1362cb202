/** The formats of `sensorctl tickets ...`. */

import { z } from 'zod';
import { SEVERITIES, TICKET_CHANGES, TICKET_STATES } from '../../../lib/ops/tickets/ticket.ts';
import { counted, maybe } from './parts.ts';

const ticketParts = {
  ticket: z.string(),
  id: counted,
  key: z.string(),
  invariant: z.string(),
  subject: z.string(),
  severity: z.enum(SEVERITIES),
  state: z.enum(TICKET_STATES),
  held: z.boolean(),
  flapping: z.boolean(),
  occurrences: counted,
  title: z.string(),
  hint: z.string(),
  first_seen_at: maybe,
  last_seen_at: maybe,
  recovered_at: maybe,
  resolved_at: maybe,
  diagnosis: z.string().nullable(),
  batch: z.string(),
};

const ticket = z.strictObject(ticketParts);

const changeParts = {
  at: maybe,
  change: z.enum(TICKET_CHANGES),
  by: z.string().nullable(),
  note: z.string().nullable(),
};

export const TICKET_FORMATS = {
  'tickets list': z.strictObject({
    open: counted,
    critical: counted,
    monitor: z.enum(['running', 'silent', 'not running']),
    tickets: z.array(ticket),
  }),
  'tickets show': z.strictObject({
    ...ticketParts,
    evidence: z.record(z.string(), z.unknown()),
    history: z.array(z.strictObject(changeParts)),
  }),
  'tickets ack': ticket,
  'tickets diagnose': ticket,
  'tickets hold': ticket,
  'tickets release': ticket,
  'tickets resolve': ticket,
  'tickets watch': z.strictObject({ ...changeParts, ticket }),
};
