/** A logger that hands each entry on: to a trace, or to whoever counts lines. */

import type { Logger } from '../../lib/base/logger.ts';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export function loggerTo(
  take: (level: Level, message: string, fields: Readonly<Record<string, unknown>>) => void,
): Logger {
  const say =
    (level: Level) =>
    (first: string | object, message = ''): void =>
      typeof first === 'string' ? take(level, first, {}) : take(level, message, { ...first });
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    fatal: say('fatal'),
    flush: async () => {},
    dropped: 0,
  };
}
