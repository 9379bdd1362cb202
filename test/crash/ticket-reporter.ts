/**
 * Does one call after the other to a book of tickets, opened as the monitor opens it, and says the number of each that
 * is done; for a parent that kills it in the middle.
 *
 *   node ticket-reporter.js '{"file": "tickets.db", "seed": 1, "from": 0, "calls": 40}'
 */

import { writeSync } from 'node:fs';
import { codeOf } from '../../lib/base/errors.ts';
import { openTicketBookSafely } from '../../lib/ops/tickets/safe-ticket-book.ts';
import { perform } from '../support/ticket-model.ts';
import { callAt, STEP_MS } from './ticket-calls.ts';

export interface ReporterOrders {
  readonly file: string;
  readonly seed: number;
  /** The first call. */
  readonly from: number;
  readonly calls: number;
}

const { file, seed, from, calls }: ReporterOrders = JSON.parse(process.argv[2] ?? '{}');
let nowMs = from * STEP_MS;

const book = openTicketBookSafely({
  file,
  clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
  bootId: () => 'boot',
  onSetAside(_dir, reason) {
    writeSync(1, `set aside: ${reason}\n`);
    process.exit(1);
  },
});
for (let n = from; n < from + calls; n += 1) {
  nowMs = n * STEP_MS;
  try {
    perform(book, callAt(seed, n), nowMs);
  } catch (error) {
    if (codeOf(error)?.startsWith('SGW_TICKET_') !== true) throw error;
  }
  // Not through a stream: what is done must be said before the next begins.
  writeSync(1, `done ${n}\n`);
}
// Killed in idleness, if not before; it never ends by itself.
setInterval(() => {}, 60_000);
