/**
 * The page by which a process and the library preloaded into it (`test/support/nth-fault.c`) speak of the next fault:
 * which call is to fail, how, and what has been counted. A plain file that the library has mapped; what is written
 * to it is seen at once.
 */

import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';

/** The kinds of calls, in the order of the library. The first of sockets is `connect`. */
export const KINDS = [
  'open',
  'read',
  'write',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'mkdir',
  'chmod',
  'list',
  'map',
  'room',
  'connect',
  'listen',
  'accept',
  'send',
  'receive',
  'notify',
] as const;
export type Kind = (typeof KINDS)[number];

/** `short`: half of a write is done and said. `torn`: half is done, and it fails. `done`: all is done, and it fails. */
const STYLES = ['fail', 'short', 'torn', 'done'] as const;

export interface Fault {
  readonly kinds: readonly Kind[];
  /** A number of Linux, from `os.constants.errno`. */
  readonly error: number;
  readonly style: (typeof STYLES)[number];
  /** All that come after it fail, too, until it is taken back. */
  readonly stays: boolean;
}

export interface FaultReport {
  /** Calls of the kinds that were asked for. */
  readonly counted: number;
  readonly failed: number;
  /** The first call that failed: its kind, and what it was about. */
  readonly first: string;
  /** All calls since the fault was armed. */
  readonly kinds: Readonly<Record<Kind, number>>;
}

export interface FaultPage {
  /** From now on the `n`-th call of the kinds fails, counted from 1; 0: they are only counted. */
  arm(fault: Fault, n: number): void;
  /** Takes the fault back, and says what came of it. */
  disarm(): FaultReport;
  /** All calls so far, of any kind. */
  calls(): number;
  close(): void;
}

const NUMBER_BYTES = 4;
/** n, kinds, error, style, stays; then what the library writes: counted, failed, first kind. */
const ASKED = 5;
const TOLD = 3;
const TOTALS_AT = (ASKED + TOLD) * NUMBER_BYTES;
const FIRST_AT = TOTALS_AT + KINDS.length * NUMBER_BYTES;
const FIRST_BYTES = 256;
const PAGE_BYTES = FIRST_AT + FIRST_BYTES;

/** Makes the file, before the process that maps it is started. */
export function createFaultPage(file: string): void {
  writeFileSync(file, Buffer.alloc(PAGE_BYTES));
}

export function openFaultPage(file: string): FaultPage {
  const handle = openSync(file, 'r+');
  const bytes = Buffer.alloc(PAGE_BYTES);
  const totals = (): number[] => {
    readSync(handle, bytes, 0, FIRST_AT, 0);
    return KINDS.map((_, index) => bytes.readInt32LE(TOTALS_AT + index * NUMBER_BYTES));
  };

  function write(numbers: readonly number[]): void {
    const page = Buffer.alloc(numbers.length * NUMBER_BYTES);
    for (const [index, number] of numbers.entries()) page.writeInt32LE(number, index * NUMBER_BYTES);
    writeSync(handle, page, 0, page.length, 0);
  }

  let armedAt: readonly number[] = [];

  return {
    arm({ kinds, error, style, stays }, n) {
      armedAt = totals();
      const mask = kinds.reduce((sum, kind) => sum + 2 ** KINDS.indexOf(kind), 0);
      write([n, mask, error, STYLES.indexOf(style), stays ? 1 : 0, 0, 0, 0]);
    },
    disarm() {
      readSync(handle, bytes, 0, PAGE_BYTES, 0);
      write([0, 0, 0, 0, 0, 0, 0, 0]);
      const [counted = 0, failed = 0, kind = 0] = [0, 1, 2].map((index) =>
        bytes.readInt32LE((ASKED + index) * NUMBER_BYTES),
      );
      const text = bytes.toString('utf8', FIRST_AT, FIRST_AT + FIRST_BYTES);
      const about = text.slice(0, Math.max(0, text.indexOf('\0')));
      const now = totals();
      const calls = KINDS.map((each, index) => [each, (now[index] ?? 0) - (armedAt[index] ?? 0)]);
      return {
        counted,
        failed,
        first: failed === 0 ? '' : `${KINDS[kind]} ${about}`,
        kinds: Object.fromEntries(calls) as Record<Kind, number>,
      };
    },
    calls: () => totals().reduce((sum, one) => sum + one, 0),
    close: () => closeSync(handle),
  };
}
