/**
 * A program of ours, whole and real, that kills itself (SIGKILL) at an instant which nobody outside could
 * hit: inside the n-th report of an event. Events are reported in the middle of the work, between a commit
 * and what follows it, so they name such instants; the product needs no code for this.
 *
 *   DIE_IN=outbox.appended DIE_AT=3 node dying-program.js sensor-main
 *
 * In the middle of a transaction nothing is reported, but what is written there carries a time. So it may also die
 * inside the n-th question for the time that comes from within a module, however deep below it:
 *
 *   DIE_WITHIN=outbox/thinning.js DIE_AT=1 node dying-program.js sensor-main
 */

import type { Clock } from '../../lib/base/clock.ts';
import type { Logger } from '../../lib/base/logger.ts';
import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';
import { startWriteApi, WRITE_API } from '../../src/wiring/write-api.ts';

/** From the clock up through a transaction to whoever began it. */
const FRAMES_MAX = 60;

const name = process.argv.pop();
if (name !== READER && name !== WRITE_API) throw new Error(`there is no program "${name}"`);
const start = name === READER ? startReader : startWriteApi;
await runProgram(name, (context) =>
  start({ ...context, log: dyingIn(context.log), clock: dyingWithin(context.clock) }),
);

/** Every event becomes a line, at once, if only one of level debug; the line that kills is not written. */
function dyingIn(log: Logger): Logger {
  let left = Number(process.env.DIE_AT);
  const watched =
    (say: Logger['debug']) =>
    (first: string | object, message?: string): void => {
      if (typeof first === 'string') {
        say(first);
        return;
      }
      if ('event' in first && first.event === process.env.DIE_IN) {
        left -= 1;
        if (left === 0) process.kill(process.pid, 'SIGKILL');
      }
      say(first, message ?? '');
    };
  return {
    debug: watched(log.debug),
    info: watched(log.info),
    warn: watched(log.warn),
    error: watched(log.error),
    fatal: watched(log.fatal),
    flush: (ms) => log.flush(ms),
    get dropped() {
      return log.dropped;
    },
  };
}

function dyingWithin(clock: Clock): Clock {
  const within = process.env.DIE_WITHIN;
  if (within === undefined) return clock;
  Error.stackTraceLimit = FRAMES_MAX;
  let left = Number(process.env.DIE_AT);
  return {
    ...clock,
    wallMs() {
      if (new Error().stack?.includes(within)) {
        left -= 1;
        if (left === 0) process.kill(process.pid, 'SIGKILL');
      }
      return clock.wallMs();
    },
  };
}
