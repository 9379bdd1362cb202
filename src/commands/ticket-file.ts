/**
 * The ticket book as `sensorctl` opens it: directly, whether or not the monitor runs. Looks are read-only; a change
 * is one short transaction, and waits its turn when the monitor is writing. A file is never made or set aside here:
 * both are the monitor's, whose user it must belong to.
 */

import { existsSync } from 'node:fs';
import { systemClock } from '../../lib/base/clock.ts';
import { codeOf, GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import type { TicketView } from '../../lib/ops/tickets/ticket-view.ts';
import { readBootId } from '../wiring/boot-id.ts';
import { MONITOR } from '../wiring/names.ts';
import type { Places } from './places.ts';

/** A commit on the slowest card that we know takes two seconds; a person waits a little longer than that. */
const BUSY_MAX_MS = 5_000;
const BUSY_RETRY_MS = 50;

/** Throws `SGW_DATABASE_MISSING` where the monitor has never run, `SGW_TICKET_BUSY`, `SGW_TICKET_DAMAGED`. */
export async function lookAtTickets<T>({ ticketsFile }: Places, look: (view: TicketView) => T): Promise<T> {
  assertThere(ticketsFile);
  // Loaded here and not above: help and usage errors should not wait for a database.
  const { openTicketsReadOnly } = await import('../../lib/ops/tickets/ticket-view.ts');
  return patiently(ticketsFile, () => closing(openTicketsReadOnly(ticketsFile), look));
}

/** Throws as `lookAtTickets` does, and what the change throws. */
export async function changeTickets<T>(
  { ticketsFile, config }: Places,
  change: (book: TicketBook) => T,
): Promise<T> {
  assertThere(ticketsFile);
  const { openTicketBook } = await import('../../lib/ops/tickets/open-ticket-book.ts');
  const { flapping, keepMs } = config.tickets;
  const options = { file: ticketsFile, clock: systemClock, bootId: readBootId, flapping, keepMs };
  return patiently(ticketsFile, () => closing(openTicketBook(options), change));
}

function assertThere(file: string): void {
  if (existsSync(file)) return;
  throw new GatewayError('SGW_DATABASE_MISSING', `${file} does not exist: there are no tickets yet`, {
    hint: `They are written by the monitor: systemctl status ${MONITOR}. Else see --data-dir.`,
  });
}

function closing<B extends { close(): void }, T>(book: B, work: (book: B) => T): T {
  try {
    return work(book);
  } finally {
    book.close();
  }
}

async function patiently<T>(file: string, work: () => T): Promise<T> {
  const { isDamage } = await import('../../lib/base/damaged-file.ts');
  const untilMono = systemClock.monotonicMs() + BUSY_MAX_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const busy = codeOf(error)?.startsWith('SQLITE_BUSY') === true;
      if (busy && systemClock.monotonicMs() < untilMono) {
        await systemClock.sleep('tickets', BUSY_RETRY_MS);
        continue;
      }
      if (busy) throw unavailable('SGW_TICKET_BUSY', `${file} is being written`, 'Say it again.', error);
      if (!isDamage(error)) throw error;
      const hint = `The monitor sets it aside and begins afresh: systemctl restart ${MONITOR}`;
      throw unavailable('SGW_TICKET_DAMAGED', `${file} is damaged: ${messageOf(error)}`, hint, error);
    }
  }
}

function unavailable(
  code: 'SGW_TICKET_BUSY' | 'SGW_TICKET_DAMAGED',
  message: string,
  hint: string,
  cause: unknown,
): GatewayError {
  return new GatewayError(code, message, { hint, cause });
}
