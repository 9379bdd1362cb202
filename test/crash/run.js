// @ts-check
/** `npm run test:crash`: hands its arguments to the crash tests and runs them. `--help` says what they are. */

import { launchSuite } from '../support/launcher.js';

await launchSuite({
  suite: 'crash',
  usage: `Usage: npm run test:crash [-- --kills N] [--ticket-kills N] [--cuts N] [--seed N]

Kills the reader, the write API or both (SIGKILL) at random instants under load and starts them again;
cuts the power under an outbox; ends programs at the worst instants of their work. Each time every
reading that was accepted must be there once, with its value; and every ticket, with its history.

  --kills N  kills in all (default 50; about 0.7 s each)
  --ticket-kills N
             kills of a process that writes tickets (default 200; about 0.3 s each), and a fourth as
             many of the built monitor (about 2.5 s each)
  --cuts N   power cuts (default 5; about 1 s each; needs root and loop devices)
  --seed N   the schedule to repeat (default: another one each time)`,
  numbers: {
    kills: { variable: 'CRASH_KILLS', default: 50 },
    'ticket-kills': { variable: 'CRASH_TICKET_KILLS', default: 200 },
    cuts: { variable: 'CRASH_CUTS', default: 5 },
    seed: { variable: 'CRASH_SEED', default: undefined },
  },
});
