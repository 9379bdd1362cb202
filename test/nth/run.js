// @ts-check
/** `npm run test:nth`: hands its arguments to the loops of the n-th failure and runs all of them. `--help` says what they are. */

import { launchSuite } from '../support/launcher.js';

await launchSuite({
  suite: 'nth',
  usage: `Usage: npm run test:nth [-- --runs N] [--seed N]

Runs reader and write API through an outage, an upgrade, a salvage and a full outbox, and the book of tickets through
its calls, again and again, each time with another call to a file or a socket failing: the first, the second, the
third, until a run needs no further one.
After each run every reading that was accepted must be stored once, or named.

  --runs N   runs of each of the 65 loops, spread over all calls (default: 20; a million: every call)
  --seed N   which calls these are (default: others each time)`,
  numbers: {
    runs: { variable: 'NTH_RUNS', default: 20 },
    seed: { variable: 'NTH_SEED', default: undefined },
  },
});
