/** The stream of events, put together: where readings and breakers are written down, and the tickets. */

import { join } from 'node:path';
import type { Pulse } from '../../lib/base/loop.ts';
import { createFeed, type Feed } from '../../lib/ops/events/feed.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import { OUTBOX_FILE, STORE_FILE } from './names.ts';
import type { ProgramContext } from './program.ts';

/** As it lies beside us once everything is compiled. */
const EVENT_WORKER = new URL('../../lib/ops/events/event-worker.js', import.meta.url);

export function openEvents({ config, clock, random }: ProgramContext, pulse: Pulse, book: TicketBook): Feed {
  const { dataDir, store } = config;
  return createFeed({
    files: {
      // What lies in a database elsewhere is not looked at each second.
      store: store.url === undefined ? join(dataDir, STORE_FILE) : undefined,
      outbox: join(dataDir, OUTBOX_FILE),
    },
    worker: EVENT_WORKER,
    book,
    clock,
    random,
    pulse,
  });
}
