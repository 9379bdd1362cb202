/**
 * A reading is buried only for a reason: because it was turned away for good, alone or by name, or because the write
 * API has failed on it alone again and again. Never for a wrong token, an error of the server or an answer that never
 * came. What was answered is seen on the link, where nobody can mistake it.
 */

import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { isRefusedForNow } from '../../lib/flow/reading.ts';
import type { HttpAnswer } from '../../lib/flow/sync/delivery-outcome.ts';

export interface VerdictRules {
  /** The reader has got this answer to what it sent. */
  onAnswer(destination: string, body: string, answer: HttpAnswer): void;
  observe(event: FlowEvent): void;
}

/** What says that the request is wrong, and not that it came at a wrong time or to a wrong place. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);
/** So often the server must have failed on a reading alone, and have taken others in between. */
const FAILURES_MIN = 5;

interface Sent {
  readonly stream: string;
  readonly readings: readonly (readonly [seq: number])[];
}

interface Failed {
  readonly times: number;
  /** What the destination had stored at the latest of them. */
  readonly storedThen: number;
}

interface Stored {
  readonly refused: readonly { readonly seq: number; readonly code: string }[];
}

export function createVerdictRules(problem: (what: string) => void): VerdictRules {
  const refused = new Set<string>();
  const failed = new Map<string, Failed>();
  /** By destination, how many batches it has stored. */
  const stored = new Map<string, number>();

  function noteFailure(it: string, storedThen: number): void {
    const before = failed.get(it);
    if (before?.storedThen === storedThen) return;
    failed.set(it, { times: (before?.times ?? 0) + 1, storedThen });
  }

  return {
    onAnswer(destination, body, { status, body: text }) {
      const names = status === 200 && text.includes('"refused":[{');
      if (!REFUSALS.has(status) && status !== 500 && !names) return;
      const { stream, readings } = JSON.parse(body) as Sent;
      const name = (seq: number) => `${destination} ${stream} ${seq}`;
      if (names) {
        for (const { seq, code } of (JSON.parse(text) as Stored).refused)
          if (!isRefusedForNow(code)) refused.add(name(seq));
        return;
      }
      const [alone, ...others] = readings;
      if (alone === undefined || others.length > 0) return;
      const it = name(alone[0]);
      if (REFUSALS.has(status)) refused.add(it);
      else noteFailure(it, stored.get(destination) ?? 0);
    },
    observe(event) {
      if (event.type === 'batch.delivered' && event.stored + event.duplicate > 0)
        stored.set(event.destination, (stored.get(event.destination) ?? 0) + 1);
      if (event.type !== 'reading.buried') return;
      const { destination, stream, seq, code, message } = event;
      const it = `${destination} ${stream} ${seq}`;
      if (refused.has(it) || (failed.get(it)?.times ?? 0) >= FAILURES_MIN) return;
      problem(`BURIED without a verdict: ${it}, as ${code}: ${message}`);
    },
  };
}
