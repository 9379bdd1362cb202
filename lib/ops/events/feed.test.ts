/**
 * Goal: a disk that hangs costs who tells of events one thread, however long it hangs. Method: virtual time, and threads
 * that answer, fall silent and end when the test says so.
 */

import { EventEmitter } from 'node:events';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { createVirtualClock, settle } from '../../../test/support/virtual-clock.ts';
import type { ThreadQuestion } from '../../base/asked-thread.ts';
import type { EventLook } from './event-worker.ts';
import { createFeed } from './feed.ts';
import { LINGER_MS, LOOK_EVERY_MS, LOOK_MAX_MS } from './limits.ts';

interface FakeThread extends EventEmitter {
  readonly questions: ThreadQuestion[];
  /** Lets a thread end that was told to. */
  end(): void;
}

/** In the order in which they were started. */
const threads = vi.hoisted(() => [] as FakeThread[]);

vi.mock('node:worker_threads', () => ({
  Worker: class extends EventEmitter implements FakeThread {
    readonly questions: ThreadQuestion[] = [];
    end: () => void = () => {};
    private readonly ended = new Promise<number>((resolve) => {
      this.end = () => resolve(1);
    });

    constructor() {
      super();
      threads.push(this);
    }

    unref(): void {}

    postMessage(question: ThreadQuestion | 'close'): void {
      if (question === 'close') this.emit('exit', 0);
      else this.questions.push(question);
    }

    terminate(): Promise<number> {
      return this.ended;
    }
  },
}));

beforeEach(() => {
  threads.length = 0;
});

const FIRST: EventLook = {
  store: { began: true, readings: [], ranges: [] },
  outbox: { began: true, moved: [] },
};

/** A feed that somebody listens to. */
async function listenedTo() {
  const clock = createVirtualClock();
  const feed = createFeed({
    files: { store: 'store.db', outbox: 'outbox.db' },
    worker: new URL('file:///worker.js'),
    clock,
    random: createSeededRandom(1),
    pulse: { promise() {}, release() {} },
  });
  const run = feed.loop.run();
  onTestFinished(async () => {
    feed.loop.stop();
    await clock.advance(LOOK_MAX_MS);
    await run;
  });
  const leave = feed.join();
  await settle();
  return {
    clock,
    feed,
    leave,
    async answer() {
      const thread = threads.at(-1);
      thread?.emit('message', { id: thread.questions.at(-1)?.id, result: FIRST });
      await settle();
    },
  };
}

it('a look that hangs in the kernel leaves one thread behind, and what follows it is told as a reset', async () => {
  const { clock, feed, answer } = await listenedTo();
  await answer();

  await clock.advance(LOOK_EVERY_MS + LOOK_MAX_MS + 600_000);
  const [started, hung] = [threads.length, feed.hangs];
  threads[0]?.end();
  await clock.advance(LOOK_EVERY_MS);
  await answer();

  expect([started, hung]).toEqual([1, true]);
  expect([threads.length, feed.hangs]).toEqual([2, false]);
  expect(feed.history()?.latest()).toBe(1);
});

it('it is known to hang when everybody has left, when somebody comes back, and when the program stops', async () => {
  const { clock, feed, leave } = await listenedTo();
  await clock.advance(LOOK_MAX_MS);

  leave();
  await clock.advance(2 * LINGER_MS);
  const whileNobodyListens = feed.hangs;
  feed.join();
  await clock.advance(60_000);
  const started = threads.length;
  await feed.close();

  expect([whileNobodyListens, started, feed.hangs]).toEqual([true, 1, true]);
});

it('twin: a look that is only late has a successor with the next one', async () => {
  const { clock, feed } = await listenedTo();
  await clock.advance(LOOK_MAX_MS);

  threads[0]?.end();
  await clock.advance(LOOK_EVERY_MS);

  expect([threads.length, feed.hangs]).toEqual([2, false]);
});
