/**
 * The ticket book on a disk that comes and goes: opened when it is first needed, and anew after the disk has refused a
 * call. That it cannot be opened is no reason not to watch: what is wrong then is mostly the disk. A full one takes
 * tickets all the same, in the room that a ballast has kept for them.
 */

import type { Ballast } from '../../flow/outbox/ballast.ts';
import { isPassing } from '../passing-trouble.ts';
import type { TicketBook } from '../tickets/ticket-book.ts';

/** Each call throws what `open` throws, too. */
export function createPatientBook(open: () => TicketBook, ballast: Pick<Ballast, 'spendIfFull'>): TicketBook {
  let book: TicketBook | undefined;

  function close(): void {
    const closing = book;
    book = undefined;
    try {
      closing?.close();
    } catch (error) {
      // What is written is written; what could not be is said again.
      if (!isPassing(error)) throw error;
    }
  }

  function asking<T>(call: (book: TicketBook) => T): T {
    try {
      return ballast.spendIfFull(() => {
        book ??= open();
        return call(book);
      });
    } catch (error) {
      if (isPassing(error)) close();
      throw error;
    }
  }

  return {
    report: (...said) => asking((one) => one.report(...said)),
    recovered: (...said) => asking((one) => one.recovered(...said)),
    move: (move) => asking((one) => one.move(move)),
    find: (id) => asking((one) => one.find(id)),
    list: (question) => asking((one) => one.list(question)),
    changesAfter: (...range) => asking((one) => one.changesAfter(...range)),
    historyOf: (...range) => asking((one) => one.historyOf(...range)),
    close,
  };
}
