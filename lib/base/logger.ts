/**
 * The log: one line an entry, on one descriptor, in the form that its reader wants. Bounded and never
 * blocking (`line-sink.ts`). What comes from outside cannot forge a line or reach the terminal, secrets
 * are left out by their name, and every entry has a bound. The one home of pino.
 */

import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { pino } from 'pino';
import { wantsColour } from './colour.ts';
import { createLineSink, FLUSH_MS } from './line-sink.ts';
import { loggable, loggableText } from './loggable.ts';
import { prettyLine } from './pretty-line.ts';
import { printableJson } from './printable.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
type LogFormat = 'json' | 'pretty' | 'journal';

/** `log.info('started')` or `log.info({ port }, 'listening')`. */
interface Say {
  (message: string): void;
  (fields: object, message: string): void;
}

export interface Logger {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
  readonly fatal: Say;
  /** Resolves when everything has been written, or after `ms` (a reader that stalls must not keep us alive). */
  flush(ms?: number): Promise<void>;
  /** Lines dropped since the start because nobody took them. */
  readonly dropped: number;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, journal when journald reads, else json. */
  readonly format: LogFormat | 'auto';
  readonly fd: number;
  /** Stands in each json and journal entry. */
  readonly program: string;
  readonly wallMs: () => number;
  /** For `JOURNAL_STREAM`, `NO_COLOR` and `TERM`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** journald's priorities (syslog's). Without the prefix every line is `info` and `journalctl -p err` finds nothing. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7 };

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal'];

export function createLogger(options: LoggerOptions): Logger {
  const { program, fd, wallMs } = options;
  const format = options.format === 'auto' ? usualFormat(options) : options.format;
  const colours = wantsColour(fd, options.environment);
  const form = {
    json: (line: string) => printableJson(line),
    journal: (line: string, level: LogLevel) => `<${PRIORITY[level]}>${printableJson(line)}`,
    pretty: (line: string) => prettyLine(line, { colours }),
  }[format];

  const stamp = () => new Date(wallMs()).toISOString();
  const sink = createLineSink({
    fd,
    dropReport: (lines) => {
      const msg = `${lines} log lines dropped: nobody was reading`;
      return `${form(JSON.stringify({ level: 'warn', time: stamp(), program, dropped: lines, msg }), 'warn')}\n`;
    },
  });
  const stream = {
    // pino then tells the level of the line it is about to write.
    [pino.symbols.needsMetadataGsym]: true,
    lastLevel: pino.levels.values.info ?? 0,
    write(line: string) {
      sink.write(`${form(line.trimEnd(), levelOf(this.lastLevel))}\n`);
    },
  };
  const entries = pino(
    {
      level: options.level,
      base: { program },
      timestamp: () => `,"time":"${stamp()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Fields are already plain when pino gets them; its own serializers would undo that.
      serializers: {},
    },
    stream,
  );
  const say =
    (level: LogLevel): Say =>
    (first: string | object, message?: string) => {
      if (!entries.isLevelEnabled(level)) return;
      if (typeof first === 'string') entries[level](loggableText(first));
      else entries[level](loggable(first), loggableText(message ?? ''));
    };
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    fatal: say('fatal'),
    flush: (ms = FLUSH_MS) => sink.flush(ms),
    get dropped() {
      return sink.dropped;
    },
  };
}

function levelOf(value: number): LogLevel {
  return LEVELS.find((level) => pino.levels.values[level] === value) ?? 'info';
}

/** What `auto` means here. */
function usualFormat({ fd, environment }: Pick<LoggerOptions, 'fd' | 'environment'>): LogFormat {
  if (isatty(fd)) return 'pretty';
  return readByJournald(fd, environment.JOURNAL_STREAM) ? 'journal' : 'json';
}

/** The variable is inherited by children whose output goes elsewhere; so the device and inode in it are compared. */
function readByJournald(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
