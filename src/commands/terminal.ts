/**
 * The terminal of `sensorctl`: its own two streams. A reader that leaves early (`| head`) is no failure, and
 * hides none: a report runs to its end without it, and keeps its exit code; a long listing ends with it.
 */

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { codeOf } from '../../lib/base/errors.ts';
import type { Terminal } from './command.ts';

/** Nobody reads any more, and there is a lot left to say. */
export class OutputClosed extends Error {}

/** Longer than every report whose exit code says something; shorter than what is worth reading a database for. */
const UNREAD_LINES_MAX = 1_000;

export interface TerminalOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly colours: boolean;
  /** Of standard output, if it is a terminal. */
  readonly columns?: number | undefined;
  readonly unicode?: boolean;
  /** A stream failed otherwise than by being closed: a full disk behind a redirection, for instance. */
  readonly onFailure: (error: Error) => void;
}

export function createTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, colours, columns, unicode = false, onFailure } = options;
  const closed = new Set<Writable>();
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error) => {
      const failed = codeOf(error) !== 'EPIPE' && !closed.has(stream);
      closed.add(stream);
      if (failed) onFailure(error);
    });
  }
  let unread = 0;

  return {
    async out(line) {
      if (closed.has(stdout)) {
        unread += 1;
        if (unread > UNREAD_LINES_MAX) throw new OutputClosed();
        return;
      }
      if (stdout.write(`${line}\n`)) return;
      // It fails where the stream does, and that has been heard above.
      await once(stdout, 'drain').catch(() => {});
    },
    isRead: () => !closed.has(stdout),
    note(line) {
      if (!closed.has(stderr)) stderr.write(`${line}\n`);
    },
    colours,
    columns,
    unicode,
  };
}

/** Whether more than ASCII is shown: the locale says so, and the Linux console has no glyphs for braille. */
export function showsUnicode(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { LC_ALL, LC_CTYPE, LANG, TERM } = environment;
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return /utf-?8/i.test(locale) && TERM !== 'dumb' && TERM !== 'linux';
}
