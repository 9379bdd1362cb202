/**
 * A program as a child process whose output is read line by line, so that whoever started it awaits what
 * it waits for instead of sleeping. Knows nothing of the test runner: the replay of the incident uses it
 * outside of a test.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the log, parsed; a line that is no JSON object has only `text`. */
export interface Line extends Readonly<Record<string, unknown>> {
  readonly text: string;
}

export interface Child {
  readonly pid: number;
  /** Every line so far, standard output and standard error in the order they came. */
  readonly lines: readonly Line[];
  /** Resolves with the first line, past or future, that matches; rejects when the program ends without one. */
  line(matches: (line: Line) => boolean): Promise<Line>;
  /** Resolves when so many lines match. */
  count(matches: (line: Line) => boolean, n: number): Promise<void>;
  readonly exited: Promise<ExitStatus>;
  kill(signal: NodeJS.Signals): void;
  /** Its state and its latest lines, for the message of a failure. */
  lastWords(): string;
}

/** Starts it with no SENSORGW_* and no notify variables but those given. */
export function startChild(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string | undefined>> },
): Child {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...inherited(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  const lookers = new Set<() => void>();
  const look = () => {
    for (const one of lookers) one();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      lines.push(parsed(text));
      look();
    });
  }
  let ended = false;
  const exited = new Promise<ExitStatus>((resolve) => {
    // `close`, not `exit`: the last lines have then been read.
    child.once('close', (code, signal) => {
      ended = true;
      resolve({ code, signal });
      look();
    });
  });

  const count = (matches: (line: Line) => boolean, n: number) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        const enough = lines.filter(matches).length >= n;
        if (!enough && !ended) return;
        lookers.delete(check);
        if (enough) resolve();
        else reject(new Error(`${args.join(' ')} ended before the line came. ${lastWordsOf(child, lines)}`));
      };
      lookers.add(check);
      check();
    });

  return {
    pid: child.pid ?? -1,
    lines,
    count,
    async line(matches) {
      await count(matches, 1);
      return lines.find(matches) as Line;
    },
    exited,
    kill: (signal) => child.kill(signal),
    lastWords: () => lastWordsOf(child, lines),
  };
}

/** The environment without what would reach into the programs. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(SENSORGW_|NOTIFY_|WATCHDOG_|JOURNAL_)/.test(key)),
  );
}

function parsed(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value, text };
  } catch {
    // Not a log line: a message on standard error, or a person's words.
  }
  return { text };
}

function lastWordsOf(child: ChildProcess, lines: readonly Line[]): string {
  const said = lines.slice(-15).map((line) => `  | ${line.text}`);
  return [`process ${child.pid} (exit ${child.exitCode}, ${child.signalCode}) said last:`, ...said].join(
    '\n',
  );
}
