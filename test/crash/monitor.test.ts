/**
 * SIGKILL at random instants of the built monitor, while things go wrong and get well. Two books at a time: one in
 * which each time is a ticket of its own, one in which what comes and goes is one ticket.
 *
 *   npm run test:crash -- --ticket-kills 400 --seed 7
 */

import { expect, onTestFinished, test } from 'vitest';
import { killMonitor } from './killed-monitor.ts';
import { SEED, TICKET_KILLS } from './settings.ts';

/** A program takes ten times as long to start and look as a call to a book. */
const KILLS = Math.ceil(TICKET_KILLS / 4);
const KILL_MAX_MS = 20_000;
const OPENINGS = [100, 3] as const;

test('a monitor that is killed at random instants neither doubles nor loses a ticket', {
  timeout: 120_000 + KILLS * KILL_MAX_MS,
}, async () => {
  const books = await Promise.all(
    OPENINGS.map((openings, i) =>
      killMonitor({ kills: Math.ceil(KILLS / OPENINGS.length), seed: SEED + i, openings, onTestFinished }),
    ),
  );

  expect(books.flatMap(({ problems }) => problems)).toEqual([]);
  for (const { kills, book } of books)
    console.log(
      `${kills} kills of the monitor: ${book.tickets.length} tickets, ${book.changes.length} lines of history`,
    );
});
