import type { EventEmitter } from 'node:events';
import { beforeEach, expect, it, vi } from 'vitest';
import { createVirtualClock, settle } from '../../test/support/virtual-clock.ts';
import { createAskedThread, type ThreadQuestion } from './asked-thread.ts';

interface FakeThread extends EventEmitter {
  readonly questions: ThreadQuestion[];
}

/** In the order in which they were started. What ends a real thread, and when it is heard of, no test can order. */
const threads = vi.hoisted(() => [] as FakeThread[]);

vi.mock('node:worker_threads', async () => {
  const { EventEmitter } = await import('node:events');
  return {
    Worker: class extends EventEmitter implements FakeThread {
      readonly questions: ThreadQuestion[] = [];

      constructor() {
        super();
        threads.push(this);
      }

      unref(): void {}

      postMessage(question: ThreadQuestion): void {
        this.questions.push(question);
      }

      terminate(): Promise<number> {
        return new Promise(() => {});
      }
    },
  };
});

beforeEach(() => {
  threads.length = 0;
});

const ANSWER_MAX_MS = 5_000;

function threadOver(clock = createVirtualClock()) {
  const thread = createAskedThread<string>({
    worker: new URL('file:///worker.js'),
    data: undefined,
    clock,
    name: 'test',
    answerMaxMs: ANSWER_MAX_MS,
    waitingMax: 4,
    heapMiB: { young: 1, old: 1 },
    errors: {
      closed: () => new Error('closed'),
      busy: () => new Error('busy'),
      late: () => new Error('late'),
      ended: (cause) => new Error(`ended: ${cause}`),
      answered: (error) => new Error(error),
    },
    onGivenUp: () => {},
  });
  return { thread, clock };
}

it('a thread that was given up and then says what it died of fails no question of its successor', async () => {
  const { thread, clock } = threadOver();
  const first = thread.ask('hang', []).catch(String);
  await clock.advance(ANSWER_MAX_MS);
  const second = thread.ask('look', []).catch(String);

  threads[0]?.emit('error', 'no memory');
  threads[0]?.emit('exit', 1);
  threads[1]?.emit('message', { id: threads[1].questions[0]?.id, result: 'seen' });

  expect(await first).toBe('Error: late');
  expect(await second).toBe('seen');
});

it('a thread that dies fails what it was asked, with the cause, and the next question has another', async () => {
  const { thread } = threadOver();
  const asked = [thread.ask('a', []), thread.ask('b', [])].map((one) => one.catch(String));

  threads[0]?.emit('error', 'no memory');
  threads[0]?.emit('exit', 1);
  const next = thread.ask('c', []);
  await settle();
  threads[1]?.emit('message', { id: threads[1].questions[0]?.id, result: 'seen' });

  expect(await Promise.all(asked)).toEqual(['Error: ended: no memory', 'Error: ended: no memory']);
  expect(await next).toBe('seen');
});
