/**
 * The log as it is; once the fault `chatter` is set off, the program says CHATTER_LINES things in a few
 * seconds, through its own log.
 */

import { createLogger as createRealLogger } from '/opt/sensor-gateway/current/dist/lib/base/logger.js';
import { onSetOff } from './fault.js';

const LINES = Number(process.env.CHATTER_LINES ?? 0);
const LINES_AT_ONCE = 100;
const EVERY_MS = 100;
/** With the rest of its entry just below the 4 KiB from which on journalctl leaves a message out. */
const LENGTH = 3_500;

export * from '/opt/sensor-gateway/current/dist/lib/base/logger.js';

export function createLogger(options) {
  const log = createRealLogger(options);
  onSetOff('chatter', () => {
    let said = 0;
    const timer = setInterval(() => {
      for (let line = 0; line < LINES_AT_ONCE && said < LINES; line += 1) {
        said += 1;
        log.debug({ chatter: said }, '.'.repeat(LENGTH));
      }
      if (said >= LINES) clearInterval(timer);
    }, EVERY_MS);
  });
  return log;
}
