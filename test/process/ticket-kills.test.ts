/** Kills of a process that writes tickets, in short; `npm run test:crash` does more of them. */

import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { agrees, killReporter, shownIn } from '../crash/killed-tickets.ts';

const KILLS = 30;

test('kill -9 at random instants neither doubles nor loses a ticket, nor a line of its history', async () => {
  const { file, model, calls, tickets, problems } = await killReporter({ kills: KILLS, seed: 7 });

  expect(problems).toEqual([]);
  expect(calls).toBeGreaterThan(KILLS);
  expect(tickets).toBeGreaterThan(10);
  // Twin: a single line that is missing would have been seen.
  expect(agrees(shownIn(file), model)).toBe(true);
  const database = new Database(file);
  database.exec('DELETE FROM changes WHERE id = (SELECT max(id) FROM changes)');
  database.close();
  expect(agrees(shownIn(file), model)).toBe(false);
});
