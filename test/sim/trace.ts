/** The history of a run, line by line: hashed always, so that two runs of one seed can be held to be one, and shown on demand. */

import { createHash } from 'node:crypto';

export interface Trace {
  note(who: string, what: string): void;
  /** Of everything so far. */
  hash(): string;
  /** The latest lines, the oldest first. */
  tail(): readonly string[];
}

export interface TraceOptions {
  readonly nowMs: () => number;
  /** What differs from run to run, and is no part of the history: the directory that it runs in. */
  readonly leaveOut: string;
  readonly show?: ((line: string) => void) | undefined;
}

/** What a person reads of a run that failed. */
const TAIL_LINES = 200;

export function createTrace({ nowMs, leaveOut, show }: TraceOptions): Trace {
  const hash = createHash('sha256');
  let tail: string[] = [];
  return {
    note(who, what) {
      const line = `${stampOf(nowMs())} ${who} ${what}`.replaceAll(leaveOut, '');
      hash.update(`${line}\n`);
      tail.push(line);
      if (tail.length > 2 * TAIL_LINES) tail = tail.slice(-TAIL_LINES);
      show?.(line);
    },
    hash: () => hash.copy().digest('hex').slice(0, 16),
    tail: () => tail.slice(-TAIL_LINES),
  };
}

/** `3d 04:05:06.789` since the world began. */
function stampOf(ms: number): string {
  const day = Math.floor(ms / 86_400_000);
  return `${day}d ${new Date(ms % 86_400_000).toISOString().slice(11, 23)}`;
}
