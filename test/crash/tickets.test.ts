/**
 * SIGKILL at random instants of a process that writes tickets, all on one file.
 *
 *   npm run test:crash -- --ticket-kills 2000 --seed 7
 */

import { expect, test } from 'vitest';
import { killReporter } from './killed-tickets.ts';
import { SEED, TICKET_KILLS } from './settings.ts';

/** A process starts in a tenth of a second, on a busy machine in a few. */
const KILL_MAX_MS = 5_000;

test('tickets and their history are as they should be after each of many kills', {
  timeout: 60_000 + TICKET_KILLS * KILL_MAX_MS,
}, async () => {
  const { problems, calls, caught, tickets } = await killReporter({ kills: TICKET_KILLS, seed: SEED });

  expect(problems).toEqual([]);
  console.log(
    `${TICKET_KILLS} kills, ${caught} of them between a commit and its word; ${calls} calls, ${tickets} tickets`,
  );
});
