/**
 * Goal: whatever is found, seen well, typed and broken off in whatever order, there are never two unresolved tickets
 * of a key, never an illegal state, and every count is right. Method: random sequences of calls against a real file
 * and a plain model beside it; after each call all that the book shows is compared with the model. The wall clock
 * jumps by years meanwhile, or the machine is restarted again and again: the model knows the true time.
 */

import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTicketModel, perform, shown, type TicketCall } from '../../../test/support/ticket-model.ts';
import { INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import { codeOf } from '../../base/errors.ts';
import { openTicketBook } from './open-ticket-book.ts';
import { SEVERITIES, TICKET_MOVES } from './ticket.ts';
import type { TicketBook } from './ticket-book.ts';

type Step =
  | TicketCall
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'step the clock'; readonly ms: number }
  | { readonly do: 'restart' | 'kill' | 'reboot' };

const KEYS = 3;
const YEAR_MS = 365 * 86_400_000;

const key = fc.nat(KEYS - 1);
const call: fc.Arbitrary<TicketCall> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('report'),
      found: fc.array(fc.tuple(key, fc.constantFrom(...SEVERITIES)), { maxLength: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('recovered'), keys: fc.array(key, { maxLength: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('move'),
      ticket: fc.nat(5),
      to: fc.constantFrom(...TICKET_MOVES),
      note: fc.constantFrom('', 'a fuse'),
    }),
  },
);
const wait = fc.record({
  do: fc.constant('wait'),
  ms: fc.oneof(fc.integer({ min: 1_000, max: 60_000 }), fc.integer({ min: 60_000, max: 900_000 })),
});
const jump = fc.record({
  do: fc.constant('step the clock'),
  ms: fc.integer({ min: -2 * YEAR_MS, max: 2 * YEAR_MS }),
});
const stop = (...kinds: ('restart' | 'kill' | 'reboot')[]) => fc.record({ do: fc.constantFrom(...kinds) });

/** A program with its clocks, on a file. */
function createLife(dir: string) {
  let file = join(dir, 'tickets-0.db');
  let lives = 0;
  let trueMs = 0;
  let wallOffset = INCIDENT_AT;
  let boot = { id: 'boot-0', sinceMs: -50_000 };
  const open = (): TicketBook =>
    openTicketBook({
      file,
      clock: { monotonicMs: () => trueMs - boot.sinceMs },
      bootId: () => boot.id,
      synchronous: 'NORMAL',
    });
  let book = open();

  function killed(): void {
    // The abandoned connection keeps its file; life goes on with the copy that the death left.
    lives += 1;
    const next = join(dir, `tickets-${lives}.db`);
    for (const suffix of ['', '-wal'])
      if (existsSync(file + suffix)) copyFileSync(file + suffix, next + suffix);
    book.close();
    file = next;
    book = open();
  }

  return {
    book: () => book,
    trueMs: () => trueMs,
    wallAt: () => wallOffset + trueMs,
    take(step: Exclude<Step, TicketCall>): void {
      switch (step.do) {
        case 'wait':
          trueMs += step.ms;
          break;
        case 'step the clock':
          wallOffset += step.ms;
          break;
        case 'restart':
          book.close();
          book = open();
          break;
        case 'kill':
          killed();
          break;
        case 'reboot':
          trueMs += 20_000;
          boot = { id: `boot-${lives + 1}`, sinceMs: trueMs - 10_000 };
          killed();
          break;
      }
    },
    end(): void {
      book.close();
      for (let life = 0; life <= lives; life += 1)
        for (const suffix of ['', '-wal', '-shm'])
          rmSync(join(dir, `tickets-${life}.db${suffix}`), { force: true });
    },
  };
}

function run(dir: string, steps: readonly Step[]): void {
  const life = createLife(dir);
  const model = createTicketModel();
  try {
    for (const step of steps) {
      if (step.do === 'report' || step.do === 'recovered' || step.do === 'move') {
        const taken = model.call(step, life.trueMs());
        if (taken) perform(life.book(), step, life.wallAt());
        else expect(refusalOf(() => perform(life.book(), step, life.wallAt()))).toMatch(/^SGW_TICKET_/);
      } else life.take(step);
      expect(shown(life.book())).toEqual(model.shown());
    }
    expectOrder(life.book());
  } finally {
    life.end();
  }
}

function refusalOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** What notifications go by: each change once, in order, by pages of any size. */
function expectOrder(book: TicketBook): void {
  const all = book.changesAfter(0, 10_000);
  const paged: number[] = [];
  for (let page = book.changesAfter(0, 2); page.length > 0; page = book.changesAfter(paged.at(-1) ?? 0, 2))
    paged.push(...page.map(({ id }) => id));

  expect(paged).toEqual(all.map(({ id }) => id));
  expect(paged).toEqual([...paged].sort((a, b) => a - b));
}

it('holds for every key at most one ticket, with its true history, however often it dies and whatever the wall clock does', () => {
  const dir = tempDir();
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: call },
    { weight: 3, arbitrary: wait },
    { weight: 1, arbitrary: jump },
    { weight: 1, arbitrary: stop('restart', 'kill') },
  );

  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => run(dir, steps)),
    { numRuns: 40 },
  );
});

it('tells flapping and quiet from stored history across boots of the machine, too', () => {
  const dir = tempDir();
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: call },
    { weight: 3, arbitrary: wait },
    { weight: 2, arbitrary: stop('restart', 'kill', 'reboot') },
  );

  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => run(dir, steps)),
    { numRuns: 40 },
  );
});
