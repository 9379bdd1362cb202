/**
 * What became of one delivery attempt: a closed union, a value, never an exception. What the outbox,
 * the breaker and the pause make of each is a table in one place (`delivery-loop`'s), not scattered.
 */

import type { OutgoingBatch } from '../outbox/outbox.ts';
import type { BatchAnswer } from '../reading.ts';

export type DeliveryOutcome =
  /** 2xx that names what it stored. Only the seqs named count. */
  | { readonly kind: 'stored'; readonly answer: BatchAnswer }
  /** 400, 413 or 422 from a write API of ours: at least one reading in it will never be accepted. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly tooLarge: boolean }
  /** Any other 4xx, a redirect, an answer that is not ours: somebody must look. Nothing is buried for it. */
  | { readonly kind: 'misconfigured'; readonly reason: string }
  /** Refused, reset, timeout, 408, 425, 429, 5xx, an acknowledgement that does not name what it stored. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number };

/** The port to a destination. Always settles within its deadline, never rejects. */
export type Deliver = (batch: OutgoingBatch, deadlineMs: number) => Promise<DeliveryOutcome>;
