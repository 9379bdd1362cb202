// @ts-check
/** `npm run test:crash`: hands its arguments to the crash tests and runs them. `--help` says what they are. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, runMain } from '../../scripts/setup.js';

const EXIT_USAGE = 64;

const USAGE = `Usage: npm run test:crash [-- --kills N] [--cuts N] [--seed N]

Kills the reader, the write API or both (SIGKILL) at random instants under load and starts them again;
cuts the power under an outbox; ends programs at the worst instants of their work. Each time every
reading that was accepted must be there once, with its value.

  --kills N  kills in all (default 50; about 0.7 s each)
  --cuts N   power cuts (default 5; about 1 s each; needs root and loop devices)
  --seed N   the schedule to repeat (default: another one each time)`;

await runMain(async () => {
  const options = readOptions();
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const { kills, cuts, seed } = options;
  console.log(`${kills} kills, ${cuts} power cuts, seed ${seed}`);
  return await new Promise((resolve) => {
    spawn(process.execPath, [join(ROOT, 'scripts/test.js'), 'crash'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CRASH_KILLS: kills, CRASH_CUTS: cuts, CRASH_SEED: seed },
    }).once('exit', (code) => resolve(code ?? 1));
  });
});

/** A sentence if the arguments are wrong. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        kills: { type: 'string', default: '50' },
        cuts: { type: 'string', default: '5' },
        seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string' && !/^[1-9]\d{0,8}$/.test(value))
        return `--${name} must be a whole number from 1, not "${value}".`;
    }
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
