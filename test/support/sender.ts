/** Sends batches to write APIs as readers do: until each has been answered for, to whichever of them answers. */

import type { BatchRow } from '../../lib/flow/batch.ts';
import type { BatchAnswer } from '../../lib/flow/reading.ts';

export interface Sent {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly answer: BatchAnswer & { readonly code?: string };
}

/** As long as a reader waits for a batch; then it is unknown what became of it. */
const ANSWER_MAX_MS = 30_000;
/** Of a sender that is in a hurry. */
const PAUSE_MS = 50;

/** The rows that `seqs` always are. */
export function wireBatch(stream: string, lo: number, hi: number, at = Date.UTC(2026, 0, 15)) {
  const readings = Array.from(
    { length: hi - lo + 1 },
    (_, i): BatchRow => [lo + i, 0, at + (lo + i) * 1_000, lo + i],
  );
  const series = [{ sensor: 'roof', metric: 'temperature', unit: 'celsius' }];
  return { gateway: 'attic', stream, series, readings };
}
export type WireBatch = ReturnType<typeof wireBatch>;

/** Rejects as `fetch` does when there is no answer. */
export async function send(port: number, batch: WireBatch): Promise<Sent> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    answer: (await response.json()) as Sent['answer'],
  };
}

export interface Sending {
  /** The batches, in this order; again and again until each is stored. */
  readonly batches: readonly WireBatch[];
  readonly ports: readonly number[];
  /** Called with how many have been answered for. */
  readonly onStored?: (count: number) => void;
}

/** How often a batch had to be sent again. Any other verdict than stored or duplicate is an error. */
export async function sendAll({ batches, ports, onStored }: Sending): Promise<number> {
  let again = 0;
  for (const [i, batch] of batches.entries()) {
    for (let attempt = i; ; attempt += 1) {
      const sent = await send(ports[attempt % ports.length] ?? 0, batch).catch(() => undefined);
      if (sent?.status === 200) break;
      if (sent !== undefined && sent.status !== 503)
        throw new Error(`answered with ${sent.status}: ${JSON.stringify(sent.answer)}`);
      again += 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    onStored?.(i + 1);
  }
  return again;
}
