/**
 * What the ledger keeps as JSON, read back with suspicion: a card may have changed bits in it, which neither opening the
 * file nor a check of its pages minds. A text that is not what we write is damage like any other.
 */

import { z } from 'zod';
import type { BreakerRecord } from '../../base/breaker.ts';
import { GatewayError } from '../../base/errors.ts';
import { SEVERITIES } from '../tickets/ticket.ts';
import type { Message } from './message.ts';
import type { News, TicketFacts, Told } from './news.ts';

const Severity = z.enum(SEVERITIES);

const BreakerCell: z.ZodType<BreakerRecord> = z.object({
  state: z.enum(['closed', 'open', 'half_open']),
  streak: z.number(),
  step: z.number(),
  reason: z.string(),
  sinceAt: z.number(),
  held: z.boolean(),
  nextTryAt: z.number().nullable(),
});

const TicketCell = z.object({
  id: z.number(),
  key: z.string(),
  severity: Severity,
  title: z.string(),
  hint: z.string(),
  flapping: z.boolean(),
  firstSeenAt: z.number(),
  resolvedAt: z.number().optional(),
});

const NewsCell = z.object({
  // JSON knows nothing undefined.
  ticket: TicketCell.transform((ticket): TicketFacts => ({ ...ticket, resolvedAt: ticket.resolvedAt })),
  isOpen: z.boolean(),
  times: z.number(),
  fromAt: z.number(),
});

const ToldCell: z.ZodType<Told> = z.object({ severity: Severity, isOpen: z.boolean(), at: z.number() });

const MessageCell: z.ZodType<Message> = z.object({
  id: z.string(),
  at: z.number(),
  gateway: z.string(),
  subject: z.string(),
  text: z.string(),
  severity: Severity,
  over: z.boolean(),
  tickets: z.array(
    z.object({
      ticket: z.string(),
      key: z.string(),
      severity: Severity,
      state: z.enum(['open', 'resolved']),
      flapping: z.boolean(),
      title: z.string(),
      hint: z.string(),
      since: z.string(),
      resolved: z.string().nullable(),
      times: z.number(),
    }),
  ),
  more: z.number(),
});

const SHAPES = {
  breaker: BreakerCell,
  news: NewsCell,
  'list of news': z.array(NewsCell),
  told: ToldCell,
  message: MessageCell,
} as const;

/** Throws `SGW_NOTIFY_DAMAGED`. */
export function readCell<K extends keyof typeof SHAPES>(kind: K, text: string): z.output<(typeof SHAPES)[K]> {
  try {
    return SHAPES[kind].parse(JSON.parse(text)) as z.output<(typeof SHAPES)[K]>;
  } catch (error) {
    throw damaged(`a ${kind}`, error);
  }
}

/** Of the thing with this key. Throws `SGW_NOTIFY_DAMAGED`. */
export function readNews(key: string, text: string): News {
  const news = readCell('news', text);
  // It would be told again and again, because it is dropped by the key that it names.
  if (news.ticket.key !== key) throw damaged(`the news of ${key}`);
  return news;
}

function damaged(what: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'SGW_NOTIFY_DAMAGED',
    `${what} in the file of notifications is not as it was written`,
    { cause },
  );
}
