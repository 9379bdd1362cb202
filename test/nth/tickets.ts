/**
 * A book of tickets of which a call fails: whatever a call that returned has done is there, one that failed has been
 * done whole or not at all, and a file that was set aside as damaged is followed by one that works.
 */

import { join } from 'node:path';
import { codeOf } from '../../lib/base/errors.ts';
import { openTicketBookSafely } from '../../lib/ops/tickets/safe-ticket-book.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import { TICKETS_FILE } from '../../src/wiring/names.ts';
import { callAt, STEP_MS } from '../crash/ticket-calls.ts';
import { createTicketModel, perform, shown } from '../support/ticket-model.ts';

const CALLS = 16;
const SEED = 9;

/** Makes the calls; returns what is to be asked once the fault is gone, which throws if the book is not as it should be. */
export function callTickets(dir: string): () => void {
  const file = join(dir, TICKETS_FILE);
  let model = createTicketModel();
  let nowMs = 0;
  let setAside = false;
  /** A call that has thrown, and about which the file has not been asked yet. */
  let doubtful: number | undefined;
  let book: TicketBook | undefined;

  function opened(): TicketBook {
    book ??= openTicketBookSafely({
      file,
      clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
      bootId: () => 'boot',
      onSetAside() {
        setAside = true;
      },
    });
    return book;
  }

  function closed(): void {
    try {
      book?.close();
    } finally {
      book = undefined;
    }
  }

  /** Throws if the file is neither as before the doubtful call nor as after it. */
  function settle(): void {
    const seen = JSON.stringify(shown(opened()));
    // What people had written lies on the shelf, and what is wrong is found again.
    if (setAside || seen === JSON.stringify(model.shown())) return;
    const next = model.copy();
    if (doubtful !== undefined) next.call(callAt(SEED, doubtful), doubtful * STEP_MS);
    if (seen !== JSON.stringify(next.shown())) throw new Wrong(`after call ${doubtful} the book has ${seen}`);
    model = next;
  }

  for (let n = 0; n < CALLS && !setAside; n += 1) {
    nowMs = n * STEP_MS;
    try {
      if (doubtful !== undefined) settle();
      doubtful = n;
      perform(opened(), callAt(SEED, n), nowMs);
      model.call(callAt(SEED, n), nowMs);
      doubtful = undefined;
    } catch (error) {
      if (error instanceof Wrong) throw error;
      // Refused by the rules, by the model as well.
      if (codeOf(error)?.startsWith('SGW_TICKET_') === true) doubtful = undefined;
      else tryTo(closed);
    }
  }
  tryTo(closed);

  return () => {
    settle();
    const before = shown(opened()).length;
    nowMs += STEP_MS;
    perform(opened(), { do: 'report', found: [[9, 'critical']] }, nowMs);
    if (shown(opened()).length !== before + 1) throw new Wrong('the book takes no ticket any more');
    closed();
  };
}

class Wrong extends Error {}

/** On a disk that fails nothing else is asked of it. */
function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // What it has left is asked about when the fault is gone.
  }
}
