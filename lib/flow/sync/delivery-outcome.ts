/**
 * What became of one delivery attempt: a closed union, a value, never an exception. `classify` is the
 * whole table from an HTTP answer to an outcome; what the outbox, the breaker and the pause make of an
 * outcome is in `delivery.ts`.
 *
 * Two rules keep readings safe: an acknowledgement counts only for the seqs it names and that were in
 * the batch, and only a write API of ours, recognised by its identity header, may store or refuse.
 */

import { z } from 'zod';
import { parseRetryAfter } from '../../base/retry-after.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import {
  API_IDENTITY_HEADER,
  BatchAnswer,
  parseApiIdentity,
  REFUSAL_CODE_LENGTH_MAX,
  REFUSAL_MESSAGE_LENGTH_MAX,
  WIRE_SCHEMA,
} from '../reading.ts';
import { contains, intersection, normalized, rangesOfSeqs, type SeqRanges, union } from '../seq-ranges.ts';

export type DeliveryOutcome =
  /** 2xx that names what it stored. Only the seqs named count. */
  | { readonly kind: 'stored'; readonly answer: BatchAnswer }
  /** 400, 413 or 422 from a write API of ours: at least one reading in it will never be accepted. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly tooLarge: boolean }
  /** Any other 4xx, a redirect, an answer that is not ours: somebody must look. Nothing is buried for it. */
  | { readonly kind: 'misconfigured'; readonly reason: string }
  /** Refused, reset, timeout, 408, 425, 429, 5xx, an acknowledgement that does not name what it stored. */
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** This was too much: a timeout, 429, 503, an answer that is longer than we read. Smaller batches may help. */
      readonly overloaded?: boolean;
      /** A write API of ours failed on this very batch (500): one reading in it may be the cause. */
      readonly failedInside?: boolean;
    };

/**
 * The port to a destination. Always settles within its deadline, never rejects. When `stopping` aborts
 * it settles at once; what it then resolves with is ignored.
 */
export type Deliver = (
  batch: OutgoingBatch,
  deadlineMs: number,
  stopping?: AbortSignal,
) => Promise<DeliveryOutcome>;

/** An HTTP answer, read to its end or to the limit. Header names are lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body went on beyond what we are willing to read. */
  readonly tooLong: boolean;
}

/** Statuses that say "not now" whoever says it, a proxy in between included. */
const NOT_NOW = new Set([408, 425, 429]);
/** "Slow down" in so many words. */
const OVERLOADED = new Set([429, 503]);
/** Verdicts on the content of a body. */
const REFUSED = new Set([400, 413, 422]);

/** The outcome that an answer means for the seqs of a batch. `wallMs` is only for a Retry-After with a date. */
export function classify(answer: HttpAnswer, seqs: SeqRanges, wallMs: number): DeliveryOutcome {
  const { status } = answer;
  const identity = parseApiIdentity(answer.headers[API_IDENTITY_HEADER]);
  const summary = `HTTP ${status}${said(answer)}`;

  if (NOT_NOW.has(status) || status >= 500) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], answer.headers.date, wallMs);
    return {
      kind: 'unavailable',
      reason: summary,
      overloaded: OVERLOADED.has(status),
      failedInside: status === 500 && identity !== undefined,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  if (status >= 300 && status < 400) {
    const location = oneLine(answer.headers.location ?? 'nowhere');
    return {
      kind: 'misconfigured',
      reason: `HTTP ${status} redirects to ${location}; redirects are not followed`,
    };
  }
  if (identity === undefined) {
    const type = oneLine(answer.headers['content-type'] ?? 'no content type');
    return {
      kind: 'misconfigured',
      reason: `HTTP ${status} (${type}) did not come from a sensor-gateway write API: is the address right?`,
    };
  }
  if (identity.schema !== WIRE_SCHEMA) {
    return {
      kind: 'misconfigured',
      reason: `the write API ${identity.version} speaks wire schema ${identity.schema}, this gateway ${WIRE_SCHEMA}: update the older of the two`,
    };
  }
  if (status >= 200 && status < 300) return acknowledged(answer, seqs);
  if (REFUSED.has(status)) return { kind: 'refused', ...problemOf(answer), tooLarge: status === 413 };
  return { kind: 'misconfigured', reason: summary };
}

function acknowledged(answer: HttpAnswer, seqs: SeqRanges): DeliveryOutcome {
  const parsed = BatchAnswer.safeParse(parseJson(answer));
  if (!parsed.success) {
    const why = answer.tooLong ? 'is longer than we read' : 'does not say what was stored';
    return {
      kind: 'unavailable',
      reason: `HTTP ${answer.status} with an acknowledgement that ${why}`,
      overloaded: answer.tooLong,
    };
  }
  const stored = intersection(normalized(parsed.data.stored), seqs);
  const duplicate = intersection(normalized(parsed.data.duplicate), seqs);
  const kept = union(stored, duplicate);
  // What it claims to have stored as well as refused is stored: burying it would count it twice.
  const refused = parsed.data.refused.filter(({ seq }) => contains(seqs, seq) && !contains(kept, seq));
  // Nothing is named where nothing was sent: a request that only tells what will never come.
  if (seqs.length > 0 && kept.length === 0 && refused.length === 0) {
    return {
      kind: 'unavailable',
      reason: `HTTP ${answer.status} with an acknowledgement that names none of the readings sent`,
    };
  }
  return {
    kind: 'stored',
    answer: { stored: [...stored].map(mutable), duplicate: [...duplicate].map(mutable), refused },
  };
}

/** Which of a batch's seqs an acknowledgement has dealt with: stored, recognised or refused. */
export function namedIn(answer: BatchAnswer): SeqRanges {
  return union(
    union(normalized(answer.stored), normalized(answer.duplicate)),
    rangesOfSeqs(answer.refused.map(({ seq }) => seq)),
  );
}

function mutable([lo, hi]: readonly [number, number]): [number, number] {
  return [lo, hi];
}

/** RFC 9457, of which we need no more than a code and a sentence. */
const Problem = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  message: z.string().optional(),
  title: z.string().optional(),
});

function problemOf(answer: HttpAnswer): { code: string; message: string } {
  const parsed = Problem.safeParse(parseJson(answer));
  const problem = parsed.success ? parsed.data : {};
  const message = problem.detail ?? problem.message ?? problem.title ?? answer.body;
  return {
    code: oneLine(problem.code ?? `HTTP_${answer.status}`).slice(0, REFUSAL_CODE_LENGTH_MAX),
    message:
      oneLine(message).slice(0, REFUSAL_MESSAGE_LENGTH_MAX) || `HTTP ${answer.status} without a reason`,
  };
}

/** What the other side said, for a person, in one line. A stranger's page is not worth quoting. */
function said(answer: HttpAnswer): string {
  if (!(answer.headers['content-type'] ?? '').includes('json')) return '';
  return `: ${problemOf(answer).message.slice(0, 200)}`;
}

function parseJson(answer: HttpAnswer): unknown {
  if (answer.tooLong) return undefined;
  try {
    return JSON.parse(answer.body);
  } catch {
    return undefined;
  }
}

/** Control characters from a server must not reach a terminal, the journal or a ticket. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, REFUSAL_MESSAGE_LENGTH_MAX);
}
