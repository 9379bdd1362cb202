/**
 * Everything that happens, gathered while somebody listens: what is stored and what breakers do, found by a thread
 * that looks, and tickets from their book. It goes into one history, in one order, from which each client is told at
 * its own pace (`client.ts`). Where it cannot be known what came in between, a reset is told instead of nothing.
 *
 * While nobody listens, and nobody is expected back, there is no thread, no look and no history.
 */

import { type AskedThread, createAskedThread } from '../../base/asked-thread.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { Random } from '../../base/random.ts';
import { isPassing } from '../passing-trouble.ts';
import type { TicketChange } from '../tickets/ticket.ts';
import type { TicketBook } from '../tickets/ticket-book.ts';
import type { EventFiles, EventLook } from './event-worker.ts';
import { type Happening, ticketChanged } from './happening.ts';
import { createHistory, type History } from './history.ts';
import { CHANGES_PAGE, LINGER_MS, LOOK_EVERY_MS, LOOK_MAX_MS, THREAD_HEAP_MIB } from './limits.ts';

export interface FeedOptions {
  readonly files: EventFiles;
  /** The compiled `event-worker`. */
  readonly worker: URL;
  /** Left out where there are no tickets. */
  readonly book?: Pick<TicketBook, 'changesAfter'> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly pulse: Pulse;
  /** A second if left out. */
  readonly lookEveryMs?: number;
}

export interface Feed {
  readonly loop: Loop;
  /** A client has come; what it returns is called when it has left. */
  join(): () => void;
  /** `undefined` until the first look: what happens from then on is told. */
  history(): History | undefined;
  /** Resolves when something was added, when the feed is closed, or when `signal` aborts. */
  news(signal: AbortSignal): Promise<void>;
  readonly closed: boolean;
  readonly clients: number;
  /** A thread that looked has not ended, and never may. */
  readonly hangs: boolean;
  /** Lets go of every client, and of the thread. After the loop was stopped. */
  close(): Promise<void>;
}

/** Nobody listens: until somebody does, which wakes the loop. */
const IDLE_MS = 3_600_000;
const EPOCH_LENGTH = 8;

export function createFeed(options: FeedOptions): Feed {
  const { book, clock, random, pulse } = options;
  const waiting = new Set<() => void>();
  let clients = 0;
  let leftMono = Number.NEGATIVE_INFINITY;
  let history: History | undefined;
  let thread: AskedThread | undefined;
  /** The one before, which was to end: while it has not, no other is started. */
  let former: AskedThread | undefined;
  const hangs = () => thread?.hangs === true || former?.hangs === true;
  let lastChange: Pick<TicketChange, 'id' | 'at'> | undefined;
  /** Somebody may have asked already, and the book could not say up to where. */
  let missesTickets = false;
  let closed = false;

  function wake(): void {
    for (const resolve of [...waiting]) resolve();
  }

  function add(happening: Happening): void {
    history?.add(happening);
  }

  function started(): AskedThread {
    const failed = (message: string) => () => new Error(message);
    return createAskedThread<never>({
      worker: options.worker,
      data: options.files,
      clock,
      name: 'event look',
      answerMaxMs: LOOK_MAX_MS,
      waitingMax: 1,
      heapMiB: THREAD_HEAP_MIB,
      errors: {
        closed: failed('nobody listens any more'),
        busy: failed('a look is still under way'),
        late: failed(`no answer within ${LOOK_MAX_MS / 1_000} s`),
        ended: (cause) => new Error(`the looking thread has ended: ${messageOf(cause)}`),
        answered: (error) => new Error(messageOf(error)),
      },
      onGivenUp: () => {},
    });
  }

  async function look(): Promise<void> {
    // Another thread would hang beside it, and one more after each look, as long as the disk does.
    if (hangs()) return;
    thread ??= started();
    let found: EventLook;
    try {
      found = await thread.ask('news', []);
    } catch {
      // Another thread begins anew with the next look, and that is told as a reset.
      return;
    }
    const isFirst = history === undefined;
    history ??= createHistory(random.streamId().slice(0, EPOCH_LENGTH));
    const { store, outbox } = found;
    const begun = [
      'began' in store && store.began ? 'the store' : '',
      'began' in outbox && outbox.began ? 'the outbox' : '',
    ].filter((name) => name !== '');
    if (!isFirst && begun.length > 0) {
      const reason = `${begun.join(' and ')} could not be followed for a while, or is another one now`;
      add({ event: 'reset', data: { reason } });
    }
    if ('readings' in store) {
      for (const data of store.readings) add({ event: 'reading', data });
      for (const data of store.ranges) add({ event: 'arrived', data });
    }
    if ('moved' in outbox) for (const data of outbox.moved) add({ event: 'breaker', data });
  }

  function readTickets(): void {
    if (book === undefined || history === undefined) return;
    if (lastChange === undefined) {
      const missed = missesTickets;
      missesTickets = true;
      lastChange = endOf(book);
      missesTickets = false;
      if (missed) add({ event: 'reset', data: { reason: 'the tickets could not be read for a while' } });
      return;
    }
    // With the latest that was told: if it is not there, this is another book.
    const [first, ...rest] = book.changesAfter(lastChange.id - 1, CHANGES_PAGE);
    const isSame = lastChange.id === 0 || (first?.id === lastChange.id && first.at === lastChange.at);
    if (!isSame) {
      lastChange = endOf(book);
      add({ event: 'reset', data: { reason: 'the tickets are in another book now' } });
      return;
    }
    const changes = lastChange.id === 0 && first !== undefined ? [first, ...rest] : rest;
    for (const change of changes) add({ event: 'ticket', data: ticketChanged(change) });
    lastChange = changes.at(-1) ?? lastChange;
  }

  async function rest(): Promise<void> {
    history = undefined;
    lastChange = undefined;
    missesTickets = false;
    if (thread === undefined) return;
    former = thread;
    thread = undefined;
    await former.close();
  }

  const loop = createLoop({
    name: 'events',
    clock,
    pulse,
    turnMaxMs: 2 * LOOK_MAX_MS,
    async turn() {
      const isExpected = clients > 0 || clock.monotonicMs() - leftMono < LINGER_MS;
      if (!isExpected) {
        if (thread !== undefined) await rest();
        return clock.monotonicMs() + IDLE_MS;
      }
      const before = history?.latest();
      await look();
      unlessBookFails(readTickets);
      if (history?.latest() !== before) wake();
      return clock.monotonicMs() + (options.lookEveryMs ?? LOOK_EVERY_MS);
    },
  });

  return {
    loop,
    join() {
      clients += 1;
      if (history === undefined) loop.nudge();
      let isHere = true;
      return () => {
        if (!isHere) return;
        isHere = false;
        clients -= 1;
        leftMono = clock.monotonicMs();
      };
    },
    history: () => history,
    news: (signal) =>
      new Promise((resolve) => {
        if (closed || signal.aborted) return resolve();
        const done = () => {
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      }),
    get closed() {
      return closed;
    },
    get clients() {
      return clients;
    },
    get hangs() {
      return hangs();
    },
    async close() {
      closed = true;
      wake();
      await rest();
    },
  };
}

/** The disk may give it again with the next look; nothing is skipped. */
function unlessBookFails(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!isPassing(error)) throw error;
  }
}

const NOTHING_YET = { id: 0, at: 0 };

function endOf(book: Pick<TicketBook, 'changesAfter'>): Pick<TicketChange, 'id' | 'at'> {
  let last: Pick<TicketChange, 'id' | 'at'> = NOTHING_YET;
  for (
    let page = book.changesAfter(0, CHANGES_PAGE);
    page.length > 0;
    page = book.changesAfter(last.id, CHANGES_PAGE)
  )
    last = page.at(-1) ?? last;
  return last;
}
