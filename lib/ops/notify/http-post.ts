/** One message to an HTTP server, within a total deadline: what its answer means for us. */

import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { askHttp, type HttpAnswered } from '../../base/http/ask.ts';
import { parseRetryAfter } from '../../base/retry-after.ts';
import type { SendOutcome } from './channel.ts';
import { failureInWords, oneLine } from './failure-words.ts';

export interface PostOptions {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string | undefined;
  /** Never repeated, whatever the answer says. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly stopping?: AbortSignal | undefined;
}

/** "Not now", whoever says it. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);
/** Verdicts on what was sent. */
const VERDICTS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Settles within the deadline, never rejects; `undefined` if `stopping` aborted first. */
export async function postJson(options: PostOptions): Promise<SendOutcome | undefined> {
  const { url, body, headers, ca, clock, deadlineMs, stopping, secrets } = options;
  const all = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  try {
    const timed = await withDeadline(
      clock,
      'notification',
      deadlineMs,
      (signal) => askHttp(url, { body, headers: all, ca, signal }),
      stopping,
    );
    if (!timed.late) return outcomeOf(timed.value, clock.wallMs(), secrets);
    return stopping?.aborted
      ? undefined
      : { kind: 'failed', reason: `no answer within ${deadlineMs / 1_000} s` };
  } catch (error) {
    return { kind: 'failed', reason: failureInWords(error, secrets) };
  }
}

function outcomeOf(answer: HttpAnswered, wallMs: number, secrets: readonly string[]): SendOutcome {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: 'sent', said: `HTTP ${status}` };
  const text = oneLine(answer.body, secrets);
  const said = `HTTP ${status}${text === '' || text.startsWith('<') ? '' : `: ${text}`}`;
  if (NOT_NOW.has(status) || status >= 500) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], headers.date, wallMs);
    return { kind: 'failed', reason: said, retryAfterMs };
  }
  if (VERDICTS.has(status))
    return { kind: 'failed', reason: `it does not take the message: ${said}`, verdict: true };
  if (status === 401 || status === 403) {
    const reason = `it does not let us in: is the token in token_file right, and in force? (${said})`;
    return { kind: 'failed', reason };
  }
  if (status === 404 || status === 405 || status === 410)
    return { kind: 'failed', reason: `there is no such address: is the url right? (${said})` };
  if (status >= 300 && status < 400) {
    const reason = `HTTP ${status} leads elsewhere, which is not followed: write the final address into url`;
    return { kind: 'failed', reason };
  }
  return { kind: 'failed', reason: said };
}

/** The part of an address that says where, and nothing that could be a secret. */
export function hostOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
